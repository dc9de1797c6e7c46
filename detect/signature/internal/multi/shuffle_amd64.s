#include "textflag.h"

// What byte k of sixteen windows allows, in Y15: the lower halves are in Y9, the upper in Y10, their tables low and high.
#define BYTE(k, low, high) \
	VBROADCASTI128 k(SI)(AX*1), Y9; \
	VPSRLW $4, Y9, Y10; \
	VPAND Y8, Y9, Y9; \
	VPAND Y8, Y10, Y10; \
	VPSHUFB Y9, low, Y9; \
	VPSHUFB Y10, high, Y10; \
	VPAND Y9, Y15, Y15; \
	VPAND Y10, Y15, Y15

// func shuffled(p *byte, n int, t *buckets) (at int, places uint32)
TEXT ·shuffled(SB), NOSPLIT, $0-36
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DX
	VMOVDQU 0(DX), Y0
	VMOVDQU 32(DX), Y1
	VMOVDQU 64(DX), Y2
	VMOVDQU 96(DX), Y3
	VMOVDQU 128(DX), Y4
	VMOVDQU 160(DX), Y5
	VMOVDQU 192(DX), Y6
	VMOVDQU 224(DX), Y7
	MOVL $0x0f0f0f0f, AX
	VMOVD AX, X8
	VPBROADCASTD X8, Y8
	XORQ AX, AX
	XORL BX, BX

next:
	CMPQ AX, CX
	JGE done
	VPCMPEQB Y15, Y15, Y15
	BYTE(0, Y0, Y4)
	BYTE(1, Y1, Y5)
	BYTE(2, Y2, Y6)
	BYTE(3, Y3, Y7)
	VPTEST Y15, Y15
	JNZ found
	ADDQ $16, AX
	JMP next

found:
	// The two lanes are about the same places, for eight buckets each.
	VEXTRACTI128 $1, Y15, X9
	VPOR X9, X15, X15
	VPXOR X9, X9, X9
	VPCMPEQB X9, X15, X15
	VPMOVMSKB X15, BX
	XORL $0xffff, BX

done:
	VZEROUPPER
	MOVQ AX, at+24(FP)
	MOVL BX, places+32(FP)
	RET
