package pcap

import (
	"encoding/binary"
	"slices"
)

// order is both halves of a byte order, as the standard library's two have them.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// classicFile builds a pcap file of the magic and byte order; each record has sec 1700000000 and the fraction 7.
func classicFile(o order, magic uint32, minor uint16, link LinkType, frames ...[]byte) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, minor)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, 65535)
	b = o.AppendUint32(b, uint32(link))
	for _, f := range frames {
		b = o.AppendUint32(b, 1700000000)
		b = o.AppendUint32(b, 7)
		lengths := []uint32{uint32(len(f)), uint32(len(f) + 1)}
		if minor < 3 {
			slices.Reverse(lengths)
		}
		b = o.AppendUint32(b, lengths[0])
		b = o.AppendUint32(b, lengths[1])
		if magic == magicModified {
			b = append(b, 1, 2, 3, 4, 5, 6, 7, 8)
		}
		b = append(b, f...)
	}
	return b
}

// block frames a pcapng block body, padding it to four bytes.
func block(o order, kind uint32, body ...byte) []byte {
	n := (len(body) + 3) &^ 3
	b := o.AppendUint32(nil, kind)
	b = o.AppendUint32(b, uint32(n+blockFrame))
	b = append(b, body...)
	b = append(b, make([]byte, n-len(body))...)
	return o.AppendUint32(b, uint32(n+blockFrame))
}

func sectionBlock(o order) []byte {
	b := o.AppendUint32(nil, byteOrderMagic)
	b = o.AppendUint16(b, 1)
	b = o.AppendUint16(b, 0)
	return block(o, blockSection, append(b, 255, 255, 255, 255, 255, 255, 255, 255)...)
}

func interfaceBlock(o order, link LinkType, snap uint32, options ...byte) []byte {
	b := o.AppendUint16(nil, uint16(link))
	b = o.AppendUint16(b, 0)
	b = o.AppendUint32(b, snap)
	return block(o, blockInterface, append(b, options...)...)
}

func option(o order, code uint16, value ...byte) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, (4-len(value)%4)%4)...)
}

func enhancedBlock(o order, iface uint32, ticks uint64, orig int, data ...byte) []byte {
	b := o.AppendUint32(nil, iface)
	b = o.AppendUint32(b, uint32(ticks>>32))
	b = o.AppendUint32(b, uint32(ticks))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(orig))
	return block(o, blockEnhanced, append(b, data...)...)
}

func obsoleteBlock(o order, iface uint16, ticks uint64, data ...byte) []byte {
	b := o.AppendUint16(nil, iface)
	b = o.AppendUint16(b, 9)
	b = o.AppendUint32(b, uint32(ticks>>32))
	b = o.AppendUint32(b, uint32(ticks))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(len(data)))
	return block(o, blockPacket, append(b, data...)...)
}

func simpleBlock(o order, orig uint32, data ...byte) []byte {
	return block(o, blockSimple, append(o.AppendUint32(nil, orig), data...)...)
}
