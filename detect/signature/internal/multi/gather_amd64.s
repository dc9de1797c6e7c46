#include "textflag.h"

// func gathered(p *byte, n int, filter *uint32, wordBits int) (at int, places uint32)
TEXT ·gathered(SB), NOSPLIT, $0-44
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ filter+16(FP), DI
	MOVQ wordBits+24(FP), DX
	MOVL $0x20202020, AX
	VMOVD AX, X0
	VPBROADCASTD X0, Y0
	MOVL $0x9E3779B1, AX
	VMOVD AX, X1
	VPBROADCASTD X1, Y1
	VMOVQ DX, X2 // to the left: away with what chose the word
	MOVQ $32, AX
	SUBQ DX, AX
	VMOVQ AX, X3 // to the right: what chooses the word
	XORQ AX, AX
	XORL BX, BX

next:
	CMPQ AX, CX
	JGE done
	VPOR (SI)(AX*1), Y0, Y4
	VPMULLD Y1, Y4, Y4
	VPSRLD X3, Y4, Y5
	VPSLLD X2, Y4, Y6
	VPSRLD $27, Y6, Y7
	VPSLLD $5, Y6, Y6
	VPSRLD $27, Y6, Y6
	VPCMPEQD Y8, Y8, Y8
	VPGATHERDD Y8, (DI)(Y5*4), Y9
	VPSRLVD Y7, Y9, Y7
	VPSRLVD Y6, Y9, Y6
	VPAND Y6, Y7, Y7
	VPSLLD $31, Y7, Y7
	VMOVMSKPS Y7, BX
	TESTL BX, BX
	JNZ done
	ADDQ $32, AX
	JMP next

done:
	VZEROUPPER
	MOVQ AX, at+32(FP)
	MOVL BX, places+40(FP)
	RET
