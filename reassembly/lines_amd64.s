#include "textflag.h"
#include "go_asm.h"

DATA feed<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA feed<>+8(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL feed<>(SB), RODATA|NOPTR, $16

DATA unit<>+0(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA unit<>+8(SB)/8, $0x1f1f1f1f1f1f1f1f
GLOBL unit<>(SB), RODATA|NOPTR, $16

DATA delete<>+0(SB)/8, $0x7f7f7f7f7f7f7f7f
DATA delete<>+8(SB)/8, $0x7f7f7f7f7f7f7f7f
GLOBL delete<>(SB), RODATA|NOPTR, $16

// MARK sets a bit of controls for each of 16 bytes that is at most 0x1f (the
// smaller of it and 0x1f is itself) or 0x7f, and a bit of feeds for each LF.
#define MARK(from, controls, feeds) \
	MOVOU    from, X0     \
	MOVO     X0, X1       \
	MOVO     X0, X2       \
	PMINUB   X6, X1       \
	PCMPEQB  X0, X1       \
	PCMPEQB  X7, X2       \
	PCMPEQB  X5, X0       \
	POR      X2, X1       \
	PMOVMSKB X1, controls \
	PMOVMSKB X0, feeds

// ADD puts the bits of the next 16 bytes above those so far.
#define ADD(shift) \
	SHLQ shift, R9 \
	SHLQ shift, BX \
	ORQ  R9, R8    \
	ORQ  BX, AX

// func markBlocks(m []marks, b []byte)
TEXT ·markBlocks(SB), NOSPLIT, $0-48
	MOVQ  m_base+0(FP), DI
	MOVQ  m_len+8(FP), CX
	MOVQ  b_base+24(FP), SI
	TESTQ CX, CX
	JZ    end
	MOVOU feed<>(SB), X5
	MOVOU unit<>(SB), X6
	MOVOU delete<>(SB), X7

block:
	MARK(0(SI), R8, AX)
	MARK(16(SI), R9, BX)
	ADD($16)
	MARK(32(SI), R9, BX)
	ADD($32)
	MARK(48(SI), R9, BX)
	ADD($48)
	MOVQ R8, marks_controls(DI)
	MOVQ AX, marks_feeds(DI)
	ADDQ $64, SI
	ADDQ $marks__size, DI
	DECQ CX
	JNZ  block

end:
	RET
