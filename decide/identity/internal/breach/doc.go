// Package breach knows passwords that were stolen somewhere and published, without keeping them and without asking anybody: a filter in a file,
// 9 bits for a password. What is in the list is always found. Of what is not, one in 256 is taken for it: whoever meets that chooses another
// password, and nothing else happens.
//
// The file is a sequence of binary fuse filters (Graf and Lemire, 2022), each for a range of keys, so that a list of any length is made and asked
// without being in memory. A key is the first eight bytes of the SHA-1 of a password, because that is how the published lists come
// (https://haveibeenpwned.com/Passwords: lines of SHA-1 and a count, in order).
//
//	"BULWARK breach 1"   16 bytes
//	created              8 bytes, seconds since 1970
//	entries              8 bytes
//	shards               8 bytes
//	per shard, 40 bytes: first key, seed, offset of its fingerprints, length of these, segment length and number of segments (4 bytes each)
//	checksum             SHA-256 of all above, 32 bytes
//	the fingerprints of the shards
//	checksum             SHA-256 of the fingerprints, 32 bytes
//
// Numbers are big-endian.
package breach
