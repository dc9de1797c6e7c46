package filetype

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// zipped is an archive of files with these names.
func zipped(names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Store})
		if err == nil {
			if n == "mimetype" {
				_, _ = f.Write([]byte("application/vnd.oasis.opendocument.text"))
			}
		}
	}
	_ = w.Close()
	return b.String()
}

// entry is an entry of the directory of a compound file.
func entry(name, class string) string {
	b := make([]byte, 128)
	for i := range len(name) {
		b[2*i] = name[i]
	}
	copy(b[80:], class)
	return string(b)
}

// compound is a compound file whose directory is its first sector.
func compound(entries ...string) string {
	b := make([]byte, 512)
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	b[30] = 9
	directory := strings.Join(entries, "")
	return string(b) + directory + strings.Repeat("\x00", max(0, 512-len(directory)))
}

func program(characteristics byte) string {
	b := make([]byte, 200)
	copy(b, "MZ")
	b[0x3c] = 0x80
	copy(b[0x80:], "PE\x00\x00")
	b[0x80+23] = characteristics
	return string(b)
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       Type
	}{
		{"nothing", "", Unknown},
		{"a PDF", "%PDF-1.7\n", PDF},
		{"a program of Windows", program(0), PE},
		{"a library of Windows", program(0x20), DLL},
		{"a program of DOS", "MZ" + strings.Repeat("\x00", 100), DOS},
		{"a text that begins as programs do", "MZ is what programs begin with, and this goes on for more than sixty-four letters.", PlainText},
		{"a shortcut", "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F", LNK},
		{"a class of Java", "\xca\xfe\xba\xbe\x00\x00\x00\x37", JavaClass},
		{"a program of macOS for two processors", "\xca\xfe\xba\xbe\x00\x00\x00\x02", MachO},
		{"an archive", zipped("a.txt", "b.txt"), ZIP},
		{"an archive of nothing", zipped(), ZIP},
		{"an archive with a password", "PK\x03\x04\x14\x00\x01\x00" + strings.Repeat("\x00", 40), ZIPEncrypted},
		{"a Word document", zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), DOCX},
		{"a workbook", zipped("[Content_Types].xml", "xl/workbook.xml"), XLSX},
		{"slides", zipped("_rels/.rels", "ppt/presentation.xml"), PPTX},
		{"an archive of a folder called word", zipped("word/a.txt"), ZIP},
		{"an OpenDocument text", zipped("mimetype", "content.xml"), ODT},
		{"a program of Java", zipped("META-INF/MANIFEST.MF", "A.class"), JAR},
		{"an old Word document", compound(entry("Root Entry", ""), entry("WordDocument", "")), DOC},
		{"an old workbook", compound(entry("Root Entry", ""), entry("Workbook", "")), XLS},
		{"a message of Outlook", compound(entry("Root Entry", ""), entry("__nameid_version1.0", "")), MSG},
		{"a document with a password", compound(entry("Root Entry", ""), entry("EncryptedPackage", "")), OfficeEncrypted},
		{"an installer", compound(entry("Root Entry", "\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46")), MSI},
		{"notes", "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", OneNote},
		{"a DICOM file", strings.Repeat("\x00", 128) + "DICM\x02\x00", DICOM},
		{"an HL7 message", "MSH|^~\\&|LAB|", HL7},
		{"a clinical document", "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x --><ClinicalDocument xmlns=\"urn:hl7-org:v3\">", CDA},
		{"a FHIR resource", `{ "resourceType": "Patient" }`, FHIR},
		{"a FHIR resource in XML", `<Patient xmlns="http://hl7.org/fhir"><id/>`, FHIR},
		{"an order in ASTM", "H|\\^&|||LIS", ASTM},
		{"JSON", `[{"a": 1}]`, JSON},
		{"a text in brackets", "[section]\nkey=value", PlainText},
		{"a page", "\n <!DOCTYPE html><html>", HTML},
		{"an application of HTML", "<html><head><HTA:APPLICATION id=x>", HTA},
		{"a script", "#!/bin/sh\n", Shebang},
		{"a batch file", "@ECHO OFF\r\n", Batch},
		{"a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\n", PrivateKey},
		{"settings for the registry in UTF-16", "\xff\xfeW\x00i\x00n\x00d\x00o\x00w\x00s\x00 \x00R\x00e\x00g\x00i\x00s\x00t\x00r\x00y\x00 \x00E\x00d\x00i\x00t\x00o\x00r\x00 \x00V\x00e\x00r\x00s\x00i\x00o\x00n\x00", RegistryFile},
		{"a letter", "Dear colleague,\r\n\r\nthe results are in.", PlainText},
		{"a letter in Latin-1", "Sehr geehrte Frau Kollegin, \xdcbung macht den Meister.", PlainText},
		{"noise", "\x01\x02\x03\xfe\x80\x00\x00\x17", Binary},
	} {
		if got := Detect([]byte(c.head)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLater(t *testing.T) {
	far := compound(entry("Root Entry", ""), entry("WordDocument", ""))
	far = far[:512] + strings.Repeat("\x00", 8<<10) + far[512:]
	b := []byte(far)
	b[48] = 16 // the sector of the directory
	iso := make([]byte, 40<<10)
	copy(iso[32769:], "CD001")
	for _, c := range []struct {
		name string
		file []byte
		want Type
	}{
		{"a document whose directory stands behind its head", b, DOC},
		{"an image of a disc", iso, ISO},
		{"nothing but zeros", make([]byte, 40<<10), Binary},
		{"an image that is cut", iso[:32770], Binary},
	} {
		head := c.file[:min(Head, len(c.file))]
		got := Detect(head)
		if at, n := Later(got, head); n > 0 && at+uint64(n) <= uint64(len(c.file)) {
			got = Refine(got, c.file[at:at+uint64(n)])
		}
		if got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestEveryTypeHasAName(t *testing.T) {
	seen := map[string]Type{}
	for i := range kinds {
		k := Type(i)
		if other, twice := seen[k.String()]; twice || k != Unknown && k.String() == "" {
			t.Errorf("type %d is called %q, as type %d", i, k, other)
		}
		seen[k.String()] = k
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte(zipped("[Content_Types].xml", "xl/workbook.xml")))
	f.Add([]byte(compound(entry("Root Entry", ""), entry("WordDocument", ""))))
	f.Add([]byte(program(0)))
	f.Add([]byte("<?xml version=\"1.0\"?><!-- x --><a:ClinicalDocument xmlns=\"urn:hl7-org:v3\">"))
	f.Fuzz(func(t *testing.T, p []byte) {
		k := Detect(p)
		if _, n := Later(k, p); n > 0 {
			k = Refine(k, p[:min(n, len(p))])
		}
		_ = k.String() + k.Category()
	})
}

// oracle are the media types that libmagic gives to what we call by a name; a name that is not in it is not compared.
var oracle = map[string]string{
	"pdf": "application/pdf", "pe": "application/vnd.microsoft.portable-executable application/x-dosexec", "dll": "application/vnd.microsoft.portable-executable application/x-dosexec",
	"elf": "application/x-executable application/x-pie-executable application/x-sharedlib application/x-object application/x-coredump", "class": "application/x-java-applet application/java-vm",
	"zip": "application/zip application/java-archive", "gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz", "zstd": "application/zstd",
	"tar": "application/x-tar", "7z": "application/x-7z-compressed", "ar": "application/x-archive", "deb": "application/vnd.debian.binary-package", "jar": "application/java-archive application/zip",
	"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp", "tiff": "image/tiff", "webp": "image/webp", "ico": "image/vnd.microsoft.icon", "svg": "image/svg+xml text/plain",
	"wav": "audio/x-wav", "ogg": "audio/ogg video/ogg application/ogg", "flac": "audio/flac", "mp3": "audio/mpeg", "mp4": "video/mp4", "sqlite": "application/vnd.sqlite3", "dicom": "application/dicom",
	"pcap": "application/vnd.tcpdump.pcap", "pcapng": "application/octet-stream application/x-pcapng", "woff": "font/woff application/font-woff", "woff2": "font/woff2 application/font-woff2", "ttf": "font/sfnt",
	"otf": "application/vnd.ms-opentype", "ps": "application/postscript text/plain", "rtf": "text/rtf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"script": "text/x-shellscript text/x-python text/x-script.python text/x-perl text/x-ruby text/x-awk text/plain application/javascript text/x-lua text/x-tcl text/x-m4 text/x-php text/x-msdos-batch text/x-makefile",
	"php":    "text/x-php text/html text/x-c++", "wasm": "application/wasm", "binary": "application/octet-stream",
}

// TestAgainstLibmagic holds what is told of the files of this machine against what file(1) says.
func TestAgainstLibmagic(t *testing.T) {
	tool, err := exec.LookPath("file")
	if err != nil {
		t.Skip("file is not installed: there is no second opinion")
	}
	if testing.Short() {
		t.Skip("it reads hundreds of files")
	}
	files := sample(t, "/usr/bin", "/usr/share", "../../docs", "../../web")
	list := exec.Command(tool, "--brief", "--mime-type", "--no-pad", "--files-from", "-")
	list.Stdin = strings.NewReader(strings.Join(files, "\n") + "\n")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(said) != len(files) {
		t.Fatalf("got %d answers for %d files", len(said), len(files))
	}
	same, differ := 0, 0
	for i, name := range files {
		got := detected(t, name).String()
		media, compared := oracle[got]
		if !compared {
			continue
		}
		if strings.Contains(" "+media+" ", " "+said[i]+" ") || got == "binary" && !strings.HasPrefix(said[i], "text/") {
			same++
			continue
		}
		if differ++; differ < 40 {
			t.Logf("%s: got %q, libmagic says %s", name, got, said[i])
		}
	}
	t.Logf("%d agree, %d do not", same, differ)
	if differ*50 > same {
		t.Errorf("got %d of %d that differ, want at most 2 %%", differ, same+differ)
	}
}

// sample are files of these folders, not more than a few of each kind of name.
func sample(t *testing.T, folders ...string) []string {
	var all []string
	of := map[string]int{}
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.ContainsAny(path, "\n\\") {
				return nil
			}
			if key := filepath.Ext(path); of[key] < 30 {
				of[key]++
				all = append(all, path)
			}
			return nil
		})
	}
	return all
}

func detected(t *testing.T, name string) Type {
	f, err := os.Open(name)
	if err != nil {
		return Unknown
	}
	defer f.Close()
	head := make([]byte, Head)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 {
		return Unknown
	}
	got := Detect(head[:n])
	if at, more := Later(got, head[:n]); more > 0 {
		p := make([]byte, more)
		if _, err := f.ReadAt(p, int64(at)); err == nil {
			got = Refine(got, p)
		}
	}
	return got
}
