package dicom

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
)

// TestAgainstDcmdump walks the data sets of public DICOM files and compares with what DCMTK's dcmdump reads in them.
func TestAgainstDcmdump(t *testing.T) {
	dcmdump, err := exec.LookPath("dcmdump")
	if err != nil {
		t.Skip("dcmdump is not installed (Debian package dcmtk)")
	}
	files, err := filepath.Glob(filepath.Join(corpus.Data(t, "dlp", "dicom"), "*"))
	if err != nil {
		t.Fatal(err)
	}
	compared, values := 0, 0
	for _, file := range files {
		p, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data, syntax, ok := part10(p)
		if !ok {
			continue
		}
		want, ok := dumped(dcmdump, file)
		if !ok {
			continue // dcmdump finds fault with the file
		}
		compared++
		got := walked(data, syntax, len(data))
		for i, tag := range kept {
			values += min(len(want[tag]), 1)
			if g := string(*got.field(i)); g != want[tag] {
				t.Errorf("%s (%s): %v = %q, dcmdump has %q", filepath.Base(file), TransferSyntaxName(syntax), tag, g, want[tag])
			}
		}
		r := rand.New(rand.NewPCG(1, uint64(len(p))))
		for range 20 {
			if pieces := walked(data, syntax, 1+r.IntN(200)); fmt.Sprint(pieces) != fmt.Sprint(got) {
				t.Errorf("%s: the outcome depends on where the bytes are cut:\n%s\n%s", file, fmt.Sprint(pieces), fmt.Sprint(got))
			}
		}
	}
	t.Logf("%d files of %d compared, %d values", compared, len(files), values)
	if compared < 50 {
		t.Errorf("only %d files were compared", compared)
	}
}

// part10 is the data set of a file and its transfer syntax (PS3.10 §7.1: a preamble, DICM, group 0002 in explicit VR).
func part10(p []byte) (data []byte, syntax string, ok bool) {
	if len(p) < 132 || string(p[128:132]) != "DICM" {
		return nil, "", false
	}
	p = p[132:]
	for len(p) > 8 && binary.LittleEndian.Uint16(p) == 2 {
		n, head := int(binary.LittleEndian.Uint16(p[6:])), 8
		if string(p[4:6]) == "OB" && len(p) > 12 {
			n, head = int(binary.LittleEndian.Uint32(p[8:])), 12
		}
		if head+n > len(p) {
			return nil, "", false
		}
		if binary.LittleEndian.Uint16(p[2:]) == 0x10 {
			syntax = string(trim(p[8 : 8+n]))
		}
		p = p[head+n:]
	}
	return p, syntax, syntax != ""
}

func walked(data []byte, syntax string, step int) *Elements {
	var w walk
	var f inflater
	w.start(encodingOf(syntax), false, nil, nil)
	for p := data; len(p) > 0 && !w.over; {
		n := min(step, len(p))
		if !w.deflated {
			w.feed(p[:n])
		} else if f.feed(p[:n]) {
			f.walk(&w, false)
		}
		p = p[n:]
	}
	if w.deflated && !w.over {
		f.walk(&w, true)
	}
	e := &Elements{}
	w.elements(e, true)
	return e
}

var dumpLine = regexp.MustCompile(`(?m)^\(([0-9a-f]{4}),([0-9a-f]{4})\) (?:..) (?:\[(.*?)\]|([0-9a-f\\]+)) +#`)

// dumped is what dcmdump reads of the outermost level of a file.
func dumped(dcmdump, file string) (map[Tag]string, bool) {
	out, err := exec.Command(dcmdump, "-q", "+L", "-Un", file).Output()
	if err != nil || len(out) == 0 {
		return nil, false
	}
	values := map[Tag]string{}
	for _, m := range dumpLine.FindAllSubmatch(out, -1) {
		var group, element uint32
		fmt.Sscanf(string(m[1])+" "+string(m[2]), "%x %x", &group, &element)
		v := string(trim(bytes.TrimSpace(m[3])))
		if len(m[4]) > 0 { // a value of VR UN is written in hexadecimal
			b, err := hex.DecodeString(strings.ReplaceAll(string(m[4]), `\`, ""))
			if err != nil {
				continue
			}
			v = string(trim(b))
		}
		values[Tag(group<<16|element)] = strings.TrimSpace(v[:min(len(v), maxValue)])
	}
	return values, true
}
