#include "textflag.h"

DATA half<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA half<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA half<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA half<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL half<>(SB), RODATA|NOPTR, $32

// HALVES parts the sixteen bytes in Y9, which both lanes have: the lower halves are left there, the upper go to Y10.
#define HALVES \
	VPSRLW $4, Y9, Y10; \
	VPAND half<>(SB), Y9, Y9; \
	VPAND half<>(SB), Y10, Y10

// ALLOWED is what some byte of a window allows, by its tables low and high.
#define ALLOWED(low, high, out) \
	VPSHUFB Y9, low, out; \
	VPSHUFB Y10, high, Y8; \
	VPAND Y8, out, out

// BYTE narrows what is allowed in Y15, by the last byte of each window, to what the byte some places before it allows: the
// first of these are in what the sixteen bytes before allowed, which it replaces.
#define BYTE(places, low, high, before) \
	ALLOWED(low, high, Y14); \
	VPALIGNR $(16-places), before, Y14, Y8; \
	VPAND Y8, Y15, Y15; \
	VMOVDQA Y14, before

// func shuffled(p *byte, n int, t *buckets) (at int, places uint32)
TEXT ·shuffled(SB), NOSPLIT, $0-36
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DX
	XORQ AX, AX
	XORL BX, BX
	CMPQ AX, CX
	JGE done
	VMOVDQU 0(DX), Y0
	VMOVDQU 32(DX), Y1
	VMOVDQU 64(DX), Y2
	VMOVDQU 96(DX), Y3
	VMOVDQU 128(DX), Y4
	VMOVDQU 160(DX), Y5
	VMOVDQU 192(DX), Y6
	VMOVDQU 224(DX), Y7

	// The first three bytes, at the end of sixteen that come before those that are the last of a window.
	VBROADCASTI128 (SI), Y9
	VPSLLDQ $13, Y9, Y9
	HALVES
	ALLOWED(Y0, Y4, Y11)
	ALLOWED(Y1, Y5, Y12)
	ALLOWED(Y2, Y6, Y13)

next:
	VBROADCASTI128 3(SI)(AX*1), Y9
	HALVES
	ALLOWED(Y3, Y7, Y15)
	BYTE(1, Y2, Y6, Y13)
	BYTE(2, Y1, Y5, Y12)
	BYTE(3, Y0, Y4, Y11)
	VPTEST Y15, Y15
	JNZ found
	ADDQ $16, AX
	CMPQ AX, CX
	JLT next
	JMP done

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
