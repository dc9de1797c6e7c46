package quic

// encryptBlock encrypts one block with AES-128 (FIPS 197). Header protection needs one block for each packet (RFC 9001
// §5.4.3); a cipher of the standard library would be an allocation for each connection, since none takes a second key.
// The keys are no secret, so that its tables may tell them by their timing.
func encryptBlock(key, block *[16]byte) {
	round := *key
	rcon := byte(1)
	add(block, &round)
	for n := 1; ; n++ {
		substitute(block)
		if n < 10 {
			mixColumns(block)
		}
		next(&round, rcon)
		rcon = double(rcon)
		add(block, &round)
		if n == 10 {
			return
		}
	}
}

func add(block, key *[16]byte) {
	for i := range block {
		block[i] ^= key[i]
	}
}

// next makes the key of the following round (FIPS 197 §5.2).
func next(k *[16]byte, rcon byte) {
	k[0] ^= sbox[k[13]] ^ rcon
	k[1] ^= sbox[k[14]]
	k[2] ^= sbox[k[15]]
	k[3] ^= sbox[k[12]]
	for i := 4; i < 16; i++ {
		k[i] ^= k[i-4]
	}
}

// substitute is SubBytes and ShiftRows (FIPS 197 §5.1.1, §5.1.2).
func substitute(b *[16]byte) {
	s := *b
	for i := range b {
		b[i] = sbox[s[(i+i%4*4)%16]]
	}
}

// mixColumns is FIPS 197 §5.1.3.
func mixColumns(b *[16]byte) {
	for i := 0; i < 16; i += 4 {
		c := [4]byte(b[i : i+4])
		all := c[0] ^ c[1] ^ c[2] ^ c[3]
		for j := range c {
			b[i+j] = c[j] ^ all ^ double(c[j]^c[(j+1)%4])
		}
	}
}

// double multiplies by x in the field of FIPS 197 §4.2.
func double(b byte) byte { return b<<1 ^ b>>7*0x1b }

// sbox is FIPS 197 §5.1.1, figure 7.
const sbox = "" +
	"\x63\x7c\x77\x7b\xf2\x6b\x6f\xc5\x30\x01\x67\x2b\xfe\xd7\xab\x76" +
	"\xca\x82\xc9\x7d\xfa\x59\x47\xf0\xad\xd4\xa2\xaf\x9c\xa4\x72\xc0" +
	"\xb7\xfd\x93\x26\x36\x3f\xf7\xcc\x34\xa5\xe5\xf1\x71\xd8\x31\x15" +
	"\x04\xc7\x23\xc3\x18\x96\x05\x9a\x07\x12\x80\xe2\xeb\x27\xb2\x75" +
	"\x09\x83\x2c\x1a\x1b\x6e\x5a\xa0\x52\x3b\xd6\xb3\x29\xe3\x2f\x84" +
	"\x53\xd1\x00\xed\x20\xfc\xb1\x5b\x6a\xcb\xbe\x39\x4a\x4c\x58\xcf" +
	"\xd0\xef\xaa\xfb\x43\x4d\x33\x85\x45\xf9\x02\x7f\x50\x3c\x9f\xa8" +
	"\x51\xa3\x40\x8f\x92\x9d\x38\xf5\xbc\xb6\xda\x21\x10\xff\xf3\xd2" +
	"\xcd\x0c\x13\xec\x5f\x97\x44\x17\xc4\xa7\x7e\x3d\x64\x5d\x19\x73" +
	"\x60\x81\x4f\xdc\x22\x2a\x90\x88\x46\xee\xb8\x14\xde\x5e\x0b\xdb" +
	"\xe0\x32\x3a\x0a\x49\x06\x24\x5c\xc2\xd3\xac\x62\x91\x95\xe4\x79" +
	"\xe7\xc8\x37\x6d\x8d\xd5\x4e\xa9\x6c\x56\xf4\xea\x65\x7a\xae\x08" +
	"\xba\x78\x25\x2e\x1c\xa6\xb4\xc6\xe8\xdd\x74\x1f\x4b\xbd\x8b\x8a" +
	"\x70\x3e\xb5\x66\x48\x03\xf6\x0e\x61\x35\x57\xb9\x86\xc1\x1d\x9e" +
	"\xe1\xf8\x98\x11\x69\xd9\x8e\x94\x9b\x1e\x87\xe9\xce\x55\x28\xdf" +
	"\x8c\xa1\x89\x0d\xbf\xe6\x42\x68\x41\x99\x2d\x0f\xb0\x54\xbb\x16"
