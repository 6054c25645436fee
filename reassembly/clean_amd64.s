#include "textflag.h"
#include "go_asm.h"

DATA lf<>+0(SB)/1, $0x0a
GLOBL lf<>(SB), RODATA|NOPTR, $1

DATA cr<>+0(SB)/1, $0x0d
GLOBL cr<>(SB), RODATA|NOPTR, $1

DATA colon<>+0(SB)/1, $0x3a
GLOBL colon<>(SB), RODATA|NOPTR, $1

DATA del<>+0(SB)/1, $0x7f
GLOBL del<>(SB), RODATA|NOPTR, $1

DATA nibble<>+0(SB)/1, $0x0f
GLOBL nibble<>(SB), RODATA|NOPTR, $1

// A byte's kind by its nibbles: for each low one, a bit for each kind that it
// can be of, and the bit of each high one. Bits 0 to 5 are the characters of a
// token, from rows 2 to 7 of the ASCII table; bit 6 the control characters of
// row 0 but HTAB, LF and CR; bit 7 those of row 1. What is above 0x7f is of no kind.
DATA low<>+0(SB)/8, $0xfffffffffffefffa
DATA low<>+8(SB)/8, $0xdcfd95f4d5bdbefe
GLOBL low<>(SB), RODATA|NOPTR, $16

DATA high<>+0(SB)/8, $0x2010080402018040
DATA high<>+8(SB)/8, $0x0000000000000000
GLOBL high<>(SB), RODATA|NOPTR, $16

// KINDS loads 32 bytes into Y0 and finds their kinds, Y1, and in the top bits
// of Y2 the control characters that no head has.
#define KINDS(from) \
	VMOVDQU  from, Y0     \
	VPSRLW   $4, Y0, Y1   \
	VPAND    Y1, Y12, Y1  \
	VPSHUFB  Y0, Y13, Y2  \
	VPSHUFB  Y1, Y14, Y1  \
	VPAND    Y1, Y2, Y1   \
	VPADDB   Y1, Y1, Y2   \
	VPOR     Y1, Y2, Y2   \
	VPCMPEQB Y0, Y11, Y3  \
	VPOR     Y3, Y2, Y2

// IS sets a bit for each byte of a that is the same in b.
#define IS(a, b, bits) \
	VPCMPEQB  a, b, Y3 \
	VPMOVMSKB Y3, bits

// ABOVE adds the bits of the next 32 bytes to those so far.
#define ABOVE(bits) \
	SHLQ $32, R14 \
	ORQ  R14, bits

// func scanHead(s *headScan, b []byte)
TEXT ·scanHead(SB), NOSPLIT, $0-32
	MOVQ           s+0(FP), DI
	MOVQ           b_base+8(FP), SI
	MOVQ           b_len+16(FP), CX
	TESTQ          CX, CX
	JZ             end
	VPBROADCASTB   lf<>(SB), Y8
	VPBROADCASTB   cr<>(SB), Y9
	VPBROADCASTB   colon<>(SB), Y10
	VPBROADCASTB   del<>(SB), Y11
	VPBROADCASTB   nibble<>(SB), Y12
	VBROADCASTI128 low<>(SB), Y13
	VBROADCASTI128 high<>(SB), Y14
	VPXOR          Y15, Y15, Y15
	MOVQ           headScan_begins(DI), R8
	MOVQ           headScan_run(DI), R9
	MOVQ           headScan_feeds(DI), R10
	MOVQ           headScan_returns(DI), R11

block:
	CMPQ CX, $64
	JLT  overlap

load:
	// The bits of 64 bytes: AX LF, BX CR, DX colon, R12 no character of a
	// token, R13 what is wrong.
	KINDS(0(SI))
	IS(Y0, Y8, AX)
	IS(Y0, Y9, BX)
	IS(Y0, Y10, DX)
	IS(Y1, Y15, R12)
	VPMOVMSKB Y2, R13
	KINDS(32(SI))
	IS(Y0, Y8, R14)
	ABOVE(AX)
	IS(Y0, Y9, R14)
	ABOVE(BX)
	IS(Y0, Y10, R14)
	ABOVE(DX)
	IS(Y1, Y15, R14)
	ABOVE(R12)
	VPMOVMSKB Y2, R14
	ABOVE(R13)
	CMPQ CX, $64
	JLT  shorten

lines:
	// R15: lines begin behind each LF.
	SHRQ $63, R10
	LEAQ (R10)(AX*2), R15
	MOVQ AX, R10

	// It is wrong where a LF is not just behind a CR, or a CR not before a LF.
	SHRQ $63, R11
	LEAQ (R11)(BX*2), R11
	XORQ AX, R11
	ORQ  R11, R13

	// It is wrong where a line begins neither with a token nor with CR.
	MOVQ  R15, R11
	ANDQ  R12, R11
	ANDNQ R11, BX, R11
	ORQ   R11, R13

	// A name goes on for as long as the characters are those of tokens. Added
	// to their bits, its first bit carries through all of them to the one
	// behind: R11. It is wrong where that is no colon.
	MOVQ  R12, R14
	NOTQ  R14
	MOVQ  R15, R11
	ANDQ  R14, R11
	NEGQ  R9
	ADCQ  R14, R11
	SBBQ  R9, R9
	NEGQ  R9
	ANDQ  R12, R11
	ANDNQ R11, DX, R14
	ORQ   R14, R13

	// A line that begins with CR is the last: nothing behind it counts.
	MOVQ  R15, AX
	ANDQ  BX, AX
	JZ    lengths
	MOVQ  AX, DX
	NEGQ  DX
	ANDQ  AX, DX
	DECQ  DX
	ANDQ  DX, R13
	ANDQ  DX, R11

lengths:
	// The names that are as long as those that matter end where one of the
	// lines began 7, 14, 17 or s.length bytes before.
	MOVQ  R15, DX
	SHLQ  $7, DX
	MOVQ  R15, R12
	SHLQ  $14, R12
	ORQ   R12, DX
	MOVQ  R15, R12
	SHLQ  $17, R12
	ORQ   R12, DX
	MOVQ  R8, R12
	SHRQ  $(64-7), R12
	ORQ   R12, DX
	MOVQ  R8, R12
	SHRQ  $(64-14), R12
	ORQ   R12, DX
	MOVQ  R8, R12
	SHRQ  $(64-17), R12
	ORQ   R12, DX
	MOVQ  headScan_length(DI), R14
	SHLXQ R14, R15, R12
	ORQ   R12, DX
	NEGQ  R14
	SHRXQ R14, R8, R12
	ORQ   R12, DX
	MOVQ  headScan_block(DI), R12
	ANDQ  R11, DX
	JNZ   note

next:
	MOVQ  R15, R8
	MOVQ  BX, R11
	INCQ  R12
	MOVQ  R12, headScan_block(DI)
	ORQ   AX, R13
	JNZ   stop
	CMPQ  R12, $const_scanBlocks
	JEQ   stop
	ADDQ  $64, SI
	SUBQ  $64, CX
	JGT   block

stop:
	MOVQ R8, headScan_begins(DI)
	MOVQ R9, headScan_run(DI)
	MOVQ R10, headScan_feeds(DI)
	MOVQ R11, headScan_returns(DI)
	MOVQ AX, headScan_last(DI)
	MOVQ R13, headScan_stop(DI)
	VZEROUPPER

end:
	RET

note:
	MOVQ DX, headScan_names(DI)(R12*8)
	ORQ  DX, headScan_any(DI)
	JMP  next

overlap:
	// The last block is short: the 64 bytes that end with it.
	LEAQ -64(SI)(CX*1), SI
	JMP  load

shorten:
	NEGQ CX
	ADDQ $64, CX
	SHRQ CX, AX
	SHRQ CX, BX
	SHRQ CX, DX
	SHRQ CX, R12
	SHRQ CX, R13
	XORQ CX, CX
	JMP  lines
