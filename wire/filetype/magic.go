package filetype

import "bytes"

// magic is a text that stands at a place in all files of a type.
type magic struct {
	at   int
	text string
	t    Type
}

// magics are looked through in their order: a longer text stands before one that it begins with.
var magics = [...]magic{
	{0, "%PDF-", PDF}, {0, "%!PS-AdobeFont-", Type1}, {0, "%!FontType1-", Type1}, {0, "%!PS", PostScript}, {0, "{\\rtf", RTF}, {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE},
	{0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", OneNote},
	{0, "\x7fELF", ELF}, {0, "MZ", PE}, {0, "\xfe\xed\xfa\xce", MachO}, {0, "\xfe\xed\xfa\xcf", MachO}, {0, "\xce\xfa\xed\xfe", MachO},
	{0, "\xcf\xfa\xed\xfe", MachO}, {0, "\xca\xfe\xba\xbe", JavaClass}, {0, "dex\n0", DEX}, {0, "\x00asm", WASM},
	{0, "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00", LNK}, {0, "ITSF\x03\x00\x00\x00", CHM},
	{0, "FWS", SWF}, {0, "CWS", SWF}, {0, "ZWS", SWF}, {0, "\xed\xab\xee\xdb", RPM}, {0, "!<arch>\ndebian-binary", DEB},

	{0, "PK\x03\x04", ZIP}, {0, "PK\x05\x06", ZIP}, {0, "7z\xbc\xaf\x27\x1c", SevenZIP}, {0, "Rar!\x1a\x07", RAR}, {0, "\x1f\x8b\x08", GZIP},
	{0, "BZh", BZIP2}, {0, "\xfd7zXZ\x00", XZ}, {0, "\x28\xb5\x2f\xfd", ZSTD}, {0, "\x04\x22\x4d\x18", LZ4}, {0, "\x1f\x9d", Compress},
	{257, "ustar", TAR}, {0, "MSCF\x00\x00\x00\x00", CAB}, {0, "!<arch>\n", AR}, {0, "070701", CPIO}, {0, "070702", CPIO}, {0, "070707", CPIO},
	{0, "\x60\xea", ARJ}, {7, "**ACE**", ACE}, {2, "-lh", LZH},
	{0, "conectix", VHD}, {0, "vhdxfile", VHDX}, {0, "KDMV", VMDK}, {0, "# Disk DescriptorFile", VMDK}, {0, "QFI\xfb", QCOW},
	{0, "MSWIM\x00\x00\x00", WIM}, {0, "hsqs", SquashFS},

	{0, "\x89PNG\r\n\x1a\n", PNG}, {0, "\xff\xd8\xff\xf7", JPEGLS}, {0, "\xff\xd8\xff", JPEG}, {0, "\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000},
	{0, "\xff\x4f\xff\x51", JPEG2000}, {0, "GIF87a", GIF}, {0, "GIF89a", GIF}, {0, "II*\x00", TIFF}, {0, "MM\x00*", TIFF}, {0, "II+\x00", TIFF},
	{0, "\x00\x00\x01\x00", ICO}, {0, "8BPS", PSD}, {40, " EMF", EMF}, {0, "RIFF", RIFF}, {4, "ftyp", ISOMedia}, {0, "ID3", MP3},
	{0, "OggS", OGG}, {0, "fLaC", FLAC}, {0, "\x1a\x45\xdf\xa3", Matroska}, {0, "\x00\x00\x01\xba", MPEG}, {0, "\x00\x00\x01\xb3", MPEG},
	{0, "FLV\x01", FLV},

	{128, "DICM", DICOM}, {344, "n+1\x00", NIfTI}, {344, "ni1\x00", NIfTI},

	{0, "SQLite format 3\x00", SQLite}, {4, "Standard Jet DB", Access}, {4, "Standard ACE DB", Access}, {4, "\xef\xcd\xab\x89", ESE},
	{0, "ElfFile\x00", EVTX}, {0, "!BDN", PST}, {0, "regf", Hive}, {0, "MDMP\x93\xa7", Minidump}, {0, "PAGEDU", Minidump},
	{0, "\xfe\xed\xfe\xed", JKS}, {0, "\x03\xd9\xa2\x9a", KeePass}, {0, "PuTTY-User-Key-File-", PuTTYKey},

	{0, "\x78\x9f\x3e\x22", TNEF}, {0, "\xd4\xc3\xb2\xa1", PCAP}, {0, "\xa1\xb2\xc3\xd4", PCAP}, {0, "\x4d\x3c\xb2\xa1", PCAP},
	{0, "\xa1\xb2\x3c\x4d", PCAP}, {0, "\x0a\x0d\x0d\x0a", PCAPNG}, {0, "wOFF", WOFF}, {0, "wOF2", WOFF2}, {0, "OTTO\x00", OpenType},
	{0, "\x00\x01\x00\x00\x00", TrueType}, {0, "true\x00", TrueType},
}

func byMagic(head []byte) Type {
	for i := range magics {
		m := &magics[i]
		if len(head) >= m.at+len(m.text) && string(head[m.at:m.at+len(m.text)]) == m.text && m.holds(head) {
			return m.t
		}
	}
	return Unknown
}

// holds checks more than a short text, which other files may begin with too.
func (m *magic) holds(head []byte) bool {
	has := func(at int, text string) bool {
		return len(head) >= at+len(text) && string(head[at:at+len(text)]) == text
	}
	switch m.t {
	case BZIP2: // the level, and the magic of a block or of the end
		return len(head) > 3 && head[3] >= '1' && head[3] <= '9' && (has(4, "1AY&SY") || has(4, "\x17\x72\x45\x38\x50\x90"))
	case SWF: // a version, and a length
		return len(head) >= 8 && head[3] > 0 && head[3] < 64
	case ICO: // between 1 and 255 pictures, the first of them with a reserved zero
		return len(head) > 22 && head[4] > 0 && head[5] == 0 && head[9] == 0
	case LZH:
		return len(head) > 6 && head[6] == '-'
	case ARJ: // the size of the head
		return len(head) > 10 && head[3] < 11 && head[2] > 0
	case TrueType, OpenType: // how many tables there are
		return len(head) > 12 && head[5] > 0 && head[5] < 64
	case TAR:
		return head[0] != 0
	case PE:
		return len(head) >= 0x40 && bytes.IndexByte(head[:0x40], 0) >= 0
	case ESE: // the version of the format, and the type of the file
		return len(head) > 16 && has(8, "\x20\x06\x00\x00")
	}
	return true
}
