package bpf

import (
	"slices"

	"golang.org/x/net/bpf"
)

// builder writes a program from its end to its beginning, since jumps of classic BPF only lead forward: when one is
// written, its target stands already.
type builder struct{ reversed []bpf.Instruction }

// label is a place in a program: how many instructions stand from there to the end.
type label int

func (b *builder) put(in bpf.Instruction) label {
	b.reversed = append(b.reversed, in)
	return label(len(b.reversed))
}

// here is the label of the instruction written last.
func (b *builder) here() label { return label(len(b.reversed)) }

// skip is how many instructions lie between one written now and a label.
func (b *builder) skip(to label) int { return len(b.reversed) - int(to) }

// branch jumps to yes or no. Conditional jumps reach 255 instructions; one that must go further takes a step first.
func (b *builder) branch(cond bpf.JumpTest, val uint32, yes, no label) {
	const reach = 254
	if b.skip(no) > reach {
		no = b.put(bpf.Jump{Skip: uint32(b.skip(no))})
	}
	if b.skip(yes) > reach {
		yes = b.put(bpf.Jump{Skip: uint32(b.skip(yes))})
	}
	b.put(bpf.JumpIf{Cond: cond, Val: val, SkipTrue: uint8(b.skip(yes)), SkipFalse: uint8(b.skip(no))})
}

// tree writes the code of n, which ends at yes or at no.
func (b *builder) tree(n node, yes, no label) {
	switch n := n.(type) {
	case and:
		b.tree(n.b, yes, no)
		b.tree(n.a, b.here(), no)
	case or:
		b.tree(n.b, yes, no)
		b.tree(n.a, yes, b.here())
	case not:
		b.tree(n.a, no, yes)
	case test:
		b.branch(n.cond, n.val, yes, no)
		for _, in := range slices.Backward(n.load) {
			b.put(in)
		}
	}
}

// generate writes the whole program.
func generate(n node, frame Frame, snap uint32) []bpf.Instruction {
	var b builder
	no := b.put(bpf.RetConstant{Val: 0})
	yes := b.put(bpf.RetConstant{Val: snap})
	b.tree(n, yes, no)
	b.prologue(frame)
	slices.Reverse(b.reversed)
	return b.reversed
}

// block writes instructions that run in this order, in front of what stands.
func (b *builder) block(code ...bpf.Instruction) label {
	for _, in := range slices.Backward(code) {
		b.put(in)
	}
	return b.here()
}

func store(slot int) bpf.Instruction { return bpf.StoreScratch{Src: bpf.RegA, N: slot} }

func constant(v uint32) bpf.Instruction { return bpf.LoadConstant{Dst: bpf.RegA, Val: v} }

// prologue finds the headers and fills the slots. It is written backwards: network header, then tags, then the start.
func (b *builder) prologue(frame Frame) {
	tests := b.here()
	b.network(tests)
	if frame == RawIP {
		b.rawIP()
	} else {
		b.tags()
	}
	b.block(constant(0), store(slotL4), constant(noProto), store(slotProto), store(slotInner)) // noProto and noVLAN are one
	if frame == EthernetLive {
		b.outer()
	} else {
		b.block(constant(noVLAN), store(slotVLAN))
	}
}

// outer notes the tag that the kernel took out of the frame.
func (b *builder) outer() {
	rest := b.here()
	none := b.block(constant(noVLAN), store(slotVLAN))
	b.put(bpf.Jump{Skip: uint32(b.skip(rest))})
	some := b.block(bpf.LoadExtension{Num: bpf.ExtVLANTag}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, store(slotVLAN))
	b.branch(bpf.JumpNotEqual, 0, some, none)
	b.put(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
}

// rawIP tells the versions apart by the first nibble.
func (b *builder) rawIP() {
	rest := b.here()
	v6 := b.block(constant(typeIP6), store(slotType))
	b.put(bpf.Jump{Skip: uint32(b.skip(rest))})
	v4 := b.block(constant(typeIP), store(slotType))
	b.branch(bpf.JumpEqual, 0x60, v6, v4)
	b.block(constant(0), store(slotL3), bpf.LoadAbsolute{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0})
}

// tags steps over up to two VLAN tags (IEEE 802.1Q-2022 §9: 0x8100 and 0x88a8) and notes their ids: the outer in
// slotVLAN unless it holds one, else in slotInner.
func (b *builder) tags() {
	done := b.here()
	two := b.block(
		bpf.LoadAbsolute{Off: 18, Size: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, store(slotInner),
		bpf.LoadAbsolute{Off: 20, Size: 2}, store(slotType), constant(22), store(slotL3))
	b.put(bpf.Jump{Skip: uint32(b.skip(done))})
	one := b.block(store(slotType), constant(18), store(slotL3))
	b.ifTag(two, one)
	b.put(bpf.LoadAbsolute{Off: 16, Size: 2})
	b.noteFirst()
	first := b.here()
	b.put(bpf.Jump{Skip: uint32(b.skip(done))})
	none := b.block(store(slotType), constant(14), store(slotL3))
	b.ifTag(first, none)
	b.put(bpf.LoadAbsolute{Off: 12, Size: 2})
}

// noteFirst puts the id of the first tag in the frame into the slot that is free.
func (b *builder) noteFirst() {
	rest := b.here()
	inner := b.block(bpf.LoadAbsolute{Off: 14, Size: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, store(slotInner))
	b.put(bpf.Jump{Skip: uint32(b.skip(rest))})
	outer := b.block(bpf.LoadAbsolute{Off: 14, Size: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, store(slotVLAN))
	b.branch(bpf.JumpEqual, noVLAN, outer, inner)
	b.put(bpf.LoadScratch{Dst: bpf.RegA, N: slotVLAN})
}

// ifTag jumps on whether A is the EtherType of a tag.
func (b *builder) ifTag(yes, no label) {
	b.branch(bpf.JumpEqual, 0x9100, yes, no) // QinQ before it was a standard
	b.branch(bpf.JumpEqual, 0x88a8, yes, b.here())
	b.branch(bpf.JumpEqual, 0x8100, yes, b.here())
}

// network finds the transport of IPv4 and IPv6.
func (b *builder) network(done label) {
	b.extensions(done)
	v6 := b.block(
		bpf.LoadScratch{Dst: bpf.RegX, N: slotL3},
		bpf.LoadIndirect{Off: 6, Size: 1}, store(slotProto), // RFC 8200 §3: next header
		bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40}, store(slotL4))
	b.put(bpf.Jump{Skip: uint32(b.skip(done))})
	header := b.block( // RFC 791 §3.1: header length in words of four bytes
		bpf.LoadIndirect{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, store(slotL4))
	b.branch(bpf.JumpBitsSet, 0x1fff, done, header) // a later fragment keeps no L4
	v4 := b.block(
		bpf.LoadScratch{Dst: bpf.RegX, N: slotL3},
		bpf.LoadIndirect{Off: 9, Size: 1}, store(slotProto),
		bpf.LoadIndirect{Off: 6, Size: 2})
	b.branch(bpf.JumpEqual, typeIP6, v6, done)
	b.branch(bpf.JumpEqual, typeIP, v4, b.here())
	b.put(bpf.LoadScratch{Dst: bpf.RegA, N: slotType})
}

// extensions walks up to four IPv6 extension headers, unrolled since classic BPF has no loops.
func (b *builder) extensions(done label) {
	for range 4 {
		next := b.here()
		// A fragment header has 8 bytes; one of a later fragment ends the walk (RFC 8200 §4.5).
		b.put(bpf.Jump{Skip: uint32(b.skip(done))})
		later := b.block(constant(0), store(slotL4))
		b.put(bpf.Jump{Skip: uint32(b.skip(next))})
		first := b.block(bpf.LoadScratch{Dst: bpf.RegA, N: slotL4}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 8}, store(slotL4))
		b.branch(bpf.JumpBitsSet, 0xfff8, later, first)
		fragment := b.block(bpf.LoadIndirect{Off: 0, Size: 1}, store(slotProto), bpf.LoadIndirect{Off: 2, Size: 2})
		b.put(bpf.Jump{Skip: uint32(b.skip(next))})
		option := b.block( // hop-by-hop, routing, destination options: 8 bytes and 8 for each unit of length
			bpf.LoadIndirect{Off: 0, Size: 1}, store(slotNext),
			bpf.LoadIndirect{Off: 1, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 3}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 8},
			bpf.ALUOpX{Op: bpf.ALUOpAdd}, store(slotL4),
			bpf.LoadScratch{Dst: bpf.RegA, N: slotNext}, store(slotProto))
		b.branch(bpf.JumpEqual, 44, fragment, next)
		b.branch(bpf.JumpEqual, 60, option, b.here())
		b.branch(bpf.JumpEqual, 43, option, b.here())
		b.branch(bpf.JumpEqual, 0, option, b.here())
		b.block(bpf.LoadScratch{Dst: bpf.RegX, N: slotL4}, bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	}
}
