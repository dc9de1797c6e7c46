package liveframe

import (
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// state is what the program remembers from frame to frame.
type state struct {
	Cursor uint64 // where the next record begins
	End    uint64 // where the last one ends
	Gap    uint64 // from one frame to the next, in ticks; 0 is as fast as it goes
	Due    uint64 // when the next is due on CLOCK_MONOTONIC, in ticks
	Sent   uint64
}

const (
	offCursor, offEnd, offGap, offDue, offSent = 0, 8, 16, 24, 32

	// tick: a nanosecond has so many, for at 2.2 million frames a second a gap in whole nanoseconds is wrong by 0.1 %.
	tick      = 1 << tickShift
	tickShift = 8
	// arrears is how far a sender that was kept from sending catches up.
	arrears = time.Millisecond
	// patience is how often the program looks at the clock, some 25 ns each time, before it sends early.
	patience = 4096

	verdictDrop, verdictPass = 1, 2 // enum xdp_action of <linux/bpf.h>
)

// passing is a program that lets every frame through.
func passing() *ebpf.ProgramSpec {
	return &ebpf.ProgramSpec{Name: "pass", Type: ebpf.XDP, License: "MIT", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R0, verdictPass), asm.Return()}}
}

// sending is the program that waits until a frame is due, writes it over the page that it is handed, and passes it to
// the kernel. R6 is the context, R7 the state, R8 the record, R9 the length of its frame.
func sending(frames, st, room int) *ebpf.ProgramSpec {
	var code asm.Instructions
	for _, part := range []asm.Instructions{
		{asm.Mov.Reg(asm.R6, asm.R1), asm.LoadMapValue(asm.R7, st, 0)},
		pace(),
		next(frames, room),
		write(),
		shift("up", atUp, 1), shift("down", atDown, -1),
		{
			asm.Mov.Imm(asm.R0, verdictPass), asm.Return(),
			asm.Mov.Imm(asm.R0, verdictDrop).WithSymbol("drop"), asm.Return(),
		},
	} {
		code = append(code, part...)
	}
	return &ebpf.ProgramSpec{Name: "send", Type: ebpf.XDP, License: "GPL", Instructions: code} // helpers for GPL programs only
}

// pace looks at the clock until the frame is due, and says when the next one is.
func pace() asm.Instructions {
	return asm.Instructions{
		asm.LoadMem(asm.R1, asm.R7, offGap, asm.DWord),
		asm.JEq.Imm(asm.R1, 0, "paced"),
		asm.LoadMem(asm.R8, asm.R7, offDue, asm.DWord),
		asm.Mov.Imm(asm.R9, patience),

		asm.FnKtimeGetNs.Call().WithSymbol("wait"),
		asm.LSh.Imm(asm.R0, tickShift),
		asm.JGE.Reg(asm.R0, asm.R8, "due"),
		asm.Sub.Imm(asm.R9, 1),
		asm.JNE.Imm(asm.R9, 0, "wait"),

		asm.Mov.Reg(asm.R1, asm.R0).WithSymbol("due"),
		asm.Sub.Imm(asm.R1, int32(arrears)*tick),
		asm.JGE.Reg(asm.R8, asm.R1, "close"),
		asm.Mov.Reg(asm.R8, asm.R1),
		asm.LoadMem(asm.R1, asm.R7, offGap, asm.DWord).WithSymbol("close"),
		asm.Add.Reg(asm.R8, asm.R1),
		asm.StoreMem(asm.R7, offDue, asm.R8, asm.DWord),
	}
}

// next finds the record, and moves the cursor on.
func next(frames, room int) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapValue(asm.R8, frames, 0).WithSymbol("paced"),
		asm.LoadMem(asm.R3, asm.R7, offCursor, asm.DWord),
		asm.JGT.Imm(asm.R3, int32(room-recordHeader-MaxFrame), "drop"), // the verifier does not know that it never is
		asm.Add.Reg(asm.R8, asm.R3),
		asm.LoadMem(asm.R9, asm.R8, atLen, asm.Half),
		asm.JLT.Imm(asm.R9, MinFrame, "drop"),
		asm.JGT.Imm(asm.R9, MaxFrame, "drop"),
		asm.Add.Reg(asm.R3, asm.R9),
		asm.Add.Imm(asm.R3, recordHeader+7),
		asm.And.Imm(asm.R3, -8),
		asm.LoadMem(asm.R1, asm.R7, offEnd, asm.DWord),
		asm.JLT.Reg(asm.R3, asm.R1, "forth"),
		asm.Mov.Imm(asm.R3, 0),
		asm.StoreMem(asm.R7, offCursor, asm.R3, asm.DWord).WithSymbol("forth"),
	}
}

// write cuts the page to the length of the frame and fills all of it: pages come back with what they had.
func write() asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Reg(asm.R2, asm.R9),
		asm.Sub.Imm(asm.R2, MaxFrame),
		asm.FnXdpAdjustTail.Call(),
		asm.JNE.Imm(asm.R0, 0, "drop"),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Reg(asm.R3, asm.R8),
		asm.Add.Imm(asm.R3, recordHeader),
		asm.Mov.Reg(asm.R4, asm.R9),
		asm.FnXdpStoreBytes.Call(),
		asm.JNE.Imm(asm.R0, 0, "drop"),
		asm.LoadMem(asm.R1, asm.R7, offSent, asm.DWord),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R7, offSent, asm.R1, asm.DWord),
	}
}

// shift adds one to a word of the record, or takes one away, in the arithmetic of the checksum (RFC 1071 §1), for the
// next time around.
func shift(label string, header int16, by int32) asm.Instructions {
	code := asm.Instructions{
		asm.LoadMem(asm.R1, asm.R8, header, asm.Half),
		asm.JGT.Imm(asm.R1, recordHeader+MaxFrame-2, "drop"),
		asm.Mov.Reg(asm.R2, asm.R8),
		asm.Add.Reg(asm.R2, asm.R1),
		asm.LoadMem(asm.R1, asm.R2, 0, asm.Half),
	}
	if by > 0 {
		code = append(code, asm.JNE.Imm(asm.R1, 0xffff, label), asm.Mov.Imm(asm.R1, 0))
	} else {
		code = append(code, asm.JNE.Imm(asm.R1, 0, label), asm.Mov.Imm(asm.R1, 0xffff))
	}
	return append(code, asm.Add.Imm(asm.R1, by).WithSymbol(label), asm.StoreMem(asm.R2, 0, asm.R1, asm.Half))
}
