package filetype

import (
	"bytes"
	"encoding/binary"
)

// zipType looks at the names of the first files in a ZIP archive (APPNOTE.TXT §4.3.7): what a format is made of stands
// at its front.
func zipType(head []byte) Type {
	t := ZIP
	for p := head; ; {
		i := bytes.Index(p, []byte("PK\x03\x04"))
		if i < 0 || len(p) < i+30 {
			return t
		}
		p = p[i:]
		n := int(binary.LittleEndian.Uint16(p[26:]))
		name := p[30:min(30+n, len(p))]
		extra := int(binary.LittleEndian.Uint16(p[28:]))
		if found := zipEntry(t, name, p[min(30+n+extra, len(p)):]); found != OOXML && found != ZIP {
			return found
		} else if found == OOXML {
			t = OOXML
		}
		if p[6]&1 != 0 && t == ZIP { // §4.4.4: encrypted
			return ZIPEncrypted
		}
		p = p[4:]
	}
}

// zipEntry is what the presence of a file in an archive says; body is what follows its head.
func zipEntry(t Type, name, body []byte) Type {
	switch {
	case string(name) == "mimetype":
		return openDocument(body)
	case string(name) == "[Content_Types].xml" || string(name) == "_rels/.rels":
		return OOXML
	case t == OOXML && bytes.HasPrefix(name, []byte("word/")):
		return DOCX
	case t == OOXML && bytes.HasPrefix(name, []byte("xl/")):
		return XLSX
	case t == OOXML && bytes.HasPrefix(name, []byte("ppt/")):
		return PPTX
	case t == OOXML && bytes.HasPrefix(name, []byte("visio/")):
		return VSDX
	case string(name) == "AndroidManifest.xml":
		return APK
	case bytes.HasPrefix(name, []byte("META-INF/MANIFEST.MF")):
		return JAR
	}
	return t
}

// openDocument is the type that the first file of an OpenDocument (ODF 1.3 part 2 §3.3) or an EPUB tells, unpacked.
func openDocument(body []byte) Type {
	for _, m := range [...]struct {
		text string
		t    Type
	}{
		{"application/vnd.oasis.opendocument.text", ODT}, {"application/vnd.oasis.opendocument.spreadsheet", ODS},
		{"application/vnd.oasis.opendocument.presentation", ODP}, {"application/epub+zip", EPUB},
	} {
		if bytes.HasPrefix(body, []byte(m.text)) {
			return m.t
		}
	}
	return ZIP
}

// oleDirectory is where the directory of a compound file stands ([MS-CFB] §2.2): its first four entries are asked for.
func oleDirectory(head []byte) (at uint64, n int) {
	if len(head) < 52 {
		return 0, 0
	}
	shift := binary.LittleEndian.Uint16(head[30:])
	if shift != 9 && shift != 12 {
		return 0, 0
	}
	sector := binary.LittleEndian.Uint32(head[48:])
	return (uint64(sector) + 1) << shift, 512
}

// oleType tells a compound file whose directory stands in its head.
func oleType(head []byte) Type {
	if at, n := oleDirectory(head); n > 0 && at+uint64(n) <= uint64(len(head)) {
		return oleEntries(head[at : at+uint64(n)])
	}
	return OLE
}

// oleEntries tells a compound file by the names in its directory ([MS-CFB] §2.6): of 128 bytes each, first the name in
// UTF-16, its length at 64, the class of the root at 80.
func oleEntries(p []byte) Type {
	t := OLE
	for ; len(p) >= 128; p = p[128:] {
		if string(p[80:96]) == "\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" {
			return MSI
		}
		var name [32]byte
		n := 0
		for i := 0; i < 64 && p[i] != 0 && p[i+1] == 0; i += 2 {
			name[n] = p[i]
			n++
		}
		switch string(name[:n]) {
		case "WordDocument":
			t = DOC
		case "Workbook", "Book":
			t = XLS
		case "PowerPoint Document":
			t = PPT
		case "EncryptedPackage":
			t = OfficeEncrypted
		default:
			if bytes.HasPrefix(name[:n], []byte("__nameid_version")) || bytes.HasPrefix(name[:n], []byte("__properties_version")) ||
				bytes.HasPrefix(name[:n], []byte("__substg1.0_")) || bytes.HasPrefix(name[:n], []byte("__recip_version")) {
				t = MSG
			}
		}
	}
	return t
}

// peType tells programs of Windows from those of DOS, and libraries from programs (PE format §3.3).
func peType(head []byte) Type {
	at := binary.LittleEndian.Uint32(head[0x3c:])
	switch {
	case uint64(at)+24 > uint64(len(head)):
		if len(head) < Head || at > 1<<20 {
			return DOS
		}
		return PE
	case string(head[at:at+4]) != "PE\x00\x00":
		return DOS
	case binary.LittleEndian.Uint16(head[at+22:])&0x2000 != 0:
		return DLL
	}
	return PE
}

func riffType(head []byte) Type {
	if len(head) < 12 {
		return RIFF
	}
	switch string(head[8:12]) {
	case "WEBP":
		return WebP
	case "WAVE":
		return WAV
	case "AVI ":
		return AVI
	}
	return RIFF
}

// brandType is what the brand of an ISO base media file says (ISO/IEC 14496-12 §4.3).
func brandType(head []byte) Type {
	if len(head) < 12 {
		return ISOMedia
	}
	switch string(head[8:12]) {
	case "heic", "heix", "hevc", "mif1", "msf1", "avif", "avis":
		return HEIF
	}
	return MP4
}

// classType tells a class of Java from a program of macOS for several processors: both begin alike, but Java's version
// is above 44, and no program is for so many.
func classType(head []byte) Type {
	if len(head) < 8 {
		return Unknown
	}
	if n := binary.BigEndian.Uint32(head[4:]); n < 20 {
		return MachO
	}
	return JavaClass
}

// An ISO 9660 image has its first descriptor at sector 16 (ECMA-119 §6.2.1); a UDF one, too (ECMA-167 2/8).
const (
	isoAt   = 16 * 2048
	isoSize = 6
)

func isoType(t Type, p []byte) Type {
	if len(p) < isoSize {
		return t
	}
	switch string(p[1:6]) {
	case "CD001":
		return ISO
	case "BEA01", "NSR02", "NSR03":
		return UDF
	}
	return t
}
