package http2

import "slices"

// The code of HPACK (RFC 7541 Appendix B) is canonical: the codes of one length follow one another in the order of
// their symbols. So it is enough to know, for each length, the first code, how many there are, and their symbols.
var huffmanLengths = [...]struct {
	bits  uint8
	first uint32
	count uint32
	at    uint32 // place of its first symbol in huffmanSymbols
}{
	{5, 0x0, 10, 0}, {6, 0x14, 26, 10}, {7, 0x5c, 32, 36}, {8, 0xf8, 6, 68}, {10, 0x3f8, 5, 74}, {11, 0x7fa, 3, 79},
	{12, 0xffa, 2, 82}, {13, 0x1ff8, 6, 84}, {14, 0x3ffc, 2, 90}, {15, 0x7ffc, 3, 92}, {19, 0x7fff0, 3, 95},
	{20, 0xfffe6, 8, 98}, {21, 0x1fffdc, 13, 106}, {22, 0x3fffd2, 26, 119}, {23, 0x7fffd8, 29, 145},
	{24, 0xffffea, 12, 174}, {25, 0x1ffffec, 4, 186}, {26, 0x3ffffe0, 15, 190}, {27, 0x7ffffde, 19, 205},
	{28, 0xfffffe2, 29, 224}, {30, 0x3ffffffc, 3, 253}, // the fourth of 30 bits is the end of the string
}

const huffmanSymbols = "012aceiost" +
	" %-./3456789=A_bdfghlmnpru" +
	":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz" +
	"&*,;XZ" + `!"()?` + "'+|" + "#>" + "\x00$@[]~" + "^}" + "<`{" +
	"\\\xc3\xd0" +
	"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2" +
	"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6" +
	"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9" +
	"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef" +
	"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed" +
	"\xc7\xcf\xea\xeb" +
	"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff" +
	"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe" +
	"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9" +
	"\x0a\x0d\x16"

// longest is how long the text is at most that n bytes encode: no code is shorter than five bits.
func longest(n int) int { return n * 8 / 5 }

// appendHuffman appends the text that p encodes; ok is false where p is no whole text (RFC 7541 §5.2).
func appendHuffman(dst, p []byte) (text []byte, ok bool) {
	var bits uint64 // the next bits, at the high end
	held := 0
	dst = slices.Grow(dst, longest(len(p)))
	for {
		for held <= 56 && len(p) > 0 {
			bits |= uint64(p[0]) << (56 - held)
			held += 8
			p = p[1:]
		}
		symbol, n := symbolOf(bits, held)
		if n == 0 {
			break
		}
		dst = append(dst, symbol)
		bits <<= n
		held -= n
	}
	// What remains is the beginning of the code of 30 ones that ends a string, and shorter than a byte.
	return dst, held < 8 && bits>>(64-held) == 1<<held-1
}

// symbolOf is the symbol that bits begin with, and the length of its code; 0 where the bits held do not suffice.
func symbolOf(bits uint64, held int) (symbol byte, n int) {
	for i := range huffmanLengths {
		l := &huffmanLengths[i]
		if int(l.bits) > held {
			return 0, 0
		}
		if k := uint32(bits>>(64-l.bits)) - l.first; k < l.count {
			return huffmanSymbols[l.at+k], int(l.bits)
		}
	}
	return 0, 0
}
