package filetype

// The types.
const (
	Unknown Type = iota
	Binary       // not text, and nothing else that is known

	PE
	DLL
	DOS
	ELF
	MachO
	JavaClass
	DEX
	WASM
	MSI
	LNK
	CHM
	SWF
	APK
	JAR
	DEB
	RPM

	Shebang
	PHP
	Batch
	HTA
	WSF
	RegistryFile
	URLFile
	RDPFile

	PDF
	PostScript
	RTF
	OLE
	DOC
	XLS
	PPT
	OneNote
	OfficeEncrypted
	OOXML
	DOCX
	XLSX
	PPTX
	VSDX
	ODT
	ODS
	ODP
	EPUB

	ZIP
	ZIPEncrypted
	SevenZIP
	RAR
	GZIP
	BZIP2
	XZ
	ZSTD
	LZ4
	Compress
	TAR
	CAB
	AR
	CPIO
	ARJ
	ACE
	LZH

	ISO
	UDF
	VHD
	VHDX
	VMDK
	QCOW
	WIM
	SquashFS

	PNG
	JPEG
	JPEG2000
	JPEGLS
	GIF
	BMP
	TIFF
	WebP
	ICO
	PSD
	HEIF
	SVG
	EMF
	RIFF // a frame of several types
	ISOMedia
	MP4
	AVI
	WAV
	MP3
	OGG
	FLAC
	Matroska
	MPEG
	FLV

	DICOM
	HL7
	CDA
	AECG
	FHIR
	NIfTI
	EDF
	ASTM

	SQLite
	Access
	ESE // of Active Directory, mailboxes
	EVTX
	PST
	Hive // of the Windows registry
	Minidump
	PrivateKey
	PKCS12
	JKS
	KeePass
	PuTTYKey
	PGPKey
	Certificate

	MIMEMail
	MSG
	TNEF
	PCAP
	PCAPNG
	WOFF
	WOFF2
	Type1 // a PostScript font, as text
	TrueType
	OpenType

	XML
	HTML
	JSON
	PlainText
)

// kind is what a type is called and what it is.
type kind struct{ name, category string }

var kinds = [...]kind{
	Binary: {"binary", ""},

	PE: {"pe", Executable}, DLL: {"dll", Executable}, DOS: {"dos", Executable}, ELF: {"elf", Executable}, MachO: {"macho", Executable},
	JavaClass: {"class", Executable}, DEX: {"dex", Executable}, WASM: {"wasm", Executable}, MSI: {"msi", Executable}, LNK: {"lnk", Executable},
	CHM: {"chm", Executable}, SWF: {"swf", Executable}, APK: {"apk", Executable}, JAR: {"jar", Executable}, DEB: {"deb", Executable},
	RPM: {"rpm", Executable},

	Shebang: {"script", Script}, PHP: {"php", Script}, Batch: {"bat", Script}, HTA: {"hta", Script}, WSF: {"wsf", Script},
	RegistryFile: {"reg", Script}, URLFile: {"url", Script}, RDPFile: {"rdp", Script},

	PDF: {"pdf", Document}, PostScript: {"ps", Document}, RTF: {"rtf", Document}, OLE: {"ole", Document}, DOC: {"doc", Document},
	XLS: {"xls", Document}, PPT: {"ppt", Document}, OneNote: {"one", Document}, OfficeEncrypted: {"office-encrypted", Document},
	OOXML: {"ooxml", Document}, DOCX: {"docx", Document}, XLSX: {"xlsx", Document}, PPTX: {"pptx", Document}, VSDX: {"vsdx", Document},
	ODT: {"odt", Document}, ODS: {"ods", Document}, ODP: {"odp", Document}, EPUB: {"epub", Document},

	ZIP: {"zip", Archive}, ZIPEncrypted: {"zip-encrypted", Archive}, SevenZIP: {"7z", Archive}, RAR: {"rar", Archive}, GZIP: {"gzip", Archive},
	BZIP2: {"bzip2", Archive}, XZ: {"xz", Archive}, ZSTD: {"zstd", Archive}, LZ4: {"lz4", Archive}, Compress: {"compress", Archive},
	TAR: {"tar", Archive}, CAB: {"cab", Archive}, AR: {"ar", Archive}, CPIO: {"cpio", Archive}, ARJ: {"arj", Archive}, ACE: {"ace", Archive},
	LZH: {"lzh", Archive},

	ISO: {"iso", DiskImage}, UDF: {"udf", DiskImage}, VHD: {"vhd", DiskImage}, VHDX: {"vhdx", DiskImage}, VMDK: {"vmdk", DiskImage},
	QCOW: {"qcow", DiskImage}, WIM: {"wim", DiskImage}, SquashFS: {"squashfs", DiskImage},

	PNG: {"png", Image}, JPEG: {"jpeg", Image}, JPEG2000: {"jp2", Image}, JPEGLS: {"jls", Image}, GIF: {"gif", Image}, BMP: {"bmp", Image},
	TIFF: {"tiff", Image}, WebP: {"webp", Image}, ICO: {"ico", Image}, PSD: {"psd", Image}, HEIF: {"heif", Image}, SVG: {"svg", Image},
	EMF: {"emf", Image}, RIFF: {"riff", Media}, ISOMedia: {"isomedia", Media}, MP4: {"mp4", Media}, AVI: {"avi", Media}, WAV: {"wav", Media},
	MP3: {"mp3", Media}, OGG: {"ogg", Media}, FLAC: {"flac", Media}, Matroska: {"mkv", Media}, MPEG: {"mpeg", Media}, FLV: {"flv", Media},

	DICOM: {"dicom", Medical}, HL7: {"hl7", Medical}, CDA: {"cda", Medical}, AECG: {"aecg", Medical}, FHIR: {"fhir", Medical},
	NIfTI: {"nifti", Medical}, EDF: {"edf", Medical}, ASTM: {"astm", Medical},

	SQLite: {"sqlite", Database}, Access: {"access", Database}, EVTX: {"evtx", Database}, PST: {"pst", Mail}, ESE: {"ese", Secret},
	Hive: {"hive", Secret}, Minidump: {"minidump", Secret}, PrivateKey: {"private-key", Secret}, PKCS12: {"pkcs12", Secret}, JKS: {"jks", Secret},
	KeePass: {"keepass", Secret}, PuTTYKey: {"putty-key", Secret}, PGPKey: {"pgp-key", Secret}, Certificate: {"certificate", Text},

	MIMEMail: {"eml", Mail}, MSG: {"msg", Mail}, TNEF: {"tnef", Mail}, PCAP: {"pcap", Capture}, PCAPNG: {"pcapng", Capture},
	WOFF: {"woff", Font}, WOFF2: {"woff2", Font}, TrueType: {"ttf", Font}, OpenType: {"otf", Font}, Type1: {"type1", Font},

	XML: {"xml", Text}, HTML: {"html", Text}, JSON: {"json", Text}, PlainText: {"text", Text},
}
