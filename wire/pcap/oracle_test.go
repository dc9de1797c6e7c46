package pcap_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
)

// captures hands every capture of BULWARK_DATA/sensor to see, those inside archives included.
func captures(t *testing.T, see func(name string, file []byte)) {
	t.Helper()
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: it names the folder of the test data")
	}
	err := filepath.WalkDir(filepath.Join(root, "sensor"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasSuffix(path, ".tar.zst"):
			return archive(path, see)
		}
		file, err := os.ReadFile(path)
		if err == nil && isCapture(file) {
			see(path, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func archive(path string, see func(name string, file []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		file, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if isCapture(file) {
			see(path+":"+h.Name, file)
		}
	}
}

// isCapture looks at the magic, as the reader under test does, but by itself.
func isCapture(p []byte) bool {
	if len(p) > 2 && p[0] == 0x1f && p[1] == 0x8b {
		z, err := gzip.NewReader(bytes.NewReader(p))
		if err != nil {
			return false
		}
		var head [4]byte
		if _, err := io.ReadFull(z, head[:]); err != nil {
			return false
		}
		p = head[:]
	}
	for _, magic := range []string{"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1", "\xa1\xb2\xcd\x34", "\x34\xcd\xb2\xa1", "\x0a\x0d\x0d\x0a"} {
		if bytes.HasPrefix(p, []byte(magic)) {
			return true
		}
	}
	return false
}

// ours and theirs read a capture up to its end or first error.
func ours(file []byte) (all []pcap.Packet, err error) {
	r, err := pcap.FromBytes(file)
	var p pcap.Packet
	for err == nil {
		if err = r.Next(&p); err == nil {
			all = append(all, p) // Data points into file
		}
	}
	return all, err
}

func theirs(file []byte) (all []pcap.Packet, err error) {
	if len(file) > 2 && file[0] == 0x1f {
		z, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			return nil, err
		}
		file, _ = io.ReadAll(z)
	}
	if bytes.HasPrefix(file, []byte("\x0a\x0d\x0d\x0a")) {
		return theirsNG(file)
	}
	r, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	r.SetSnaplen(0)
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			return all, err
		}
		all = append(all, pcap.Packet{Time: ci.Timestamp.UnixNano(), Data: data, Orig: ci.Length, Link: pcap.LinkType(r.LinkType())})
	}
}

func theirsNG(file []byte) (all []pcap.Packet, err error) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		return nil, err
	}
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			return all, err
		}
		iface, err := r.Interface(ci.InterfaceIndex)
		if err != nil {
			return all, err
		}
		p := pcap.Packet{Data: data, Orig: ci.Length, Link: pcap.LinkType(iface.LinkType), Interface: ci.InterfaceIndex}
		if !ci.Timestamp.IsZero() {
			p.Time = ci.Timestamp.UnixNano()
		}
		all = append(all, p)
	}
}

// agree checks that both read the same packets as far as the oracle got. Ours may read on where the oracle is
// stricter. In a damaged capture ours may stop earlier at the frame of a pcapng block, of which the oracle checks
// little, and the oracle may take a cut for the end.
func agree(t *testing.T, name string, file []byte, damaged bool) (packets int) {
	t.Helper()
	got, gotErr := ours(file)
	want, wantErr := theirs(file)
	if len(got) < len(want) {
		if damaged && gotErr != io.EOF && strings.Contains(gotErr.Error(), "a block of type") {
			return len(got)
		}
		t.Errorf("%s: got %d packets (%v), the oracle %d (%v)", name, len(got), gotErr, len(want), wantErr)
		return len(got)
	}
	if !damaged && wantErr == io.EOF && (len(got) != len(want) || gotErr != io.EOF) {
		t.Errorf("%s: got %d packets (%v), the oracle %d and the end of the file", name, len(got), gotErr, len(want))
	}
	for i, w := range want {
		g := got[i]
		if !sameTime(g, w) || g.Orig != w.Orig || g.Link != w.Link || g.Interface != w.Interface || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s: packet %d: got %d %d %v %d, %d bytes; the oracle %d %d %v %d, %d bytes", name, i,
				g.Time, g.Orig, g.Link, g.Interface, len(g.Data), w.Time, w.Orig, w.Link, w.Interface, len(w.Data))
			break
		}
	}
	var e *pcap.Error
	if gotErr != io.EOF && (!errors.As(gotErr, &e) || e.Offset < 0) {
		t.Errorf("%s: got %v, want an *Error with its offset", name, gotErr)
	}
	return len(got)
}

// sameTime allows for times that no clock made: the oracle lets a fraction above a second wrap at 32 bits of
// nanoseconds, and a pcapng time beyond the year 2262 at 64.
func sameTime(g, w pcap.Packet) bool {
	return g.Time == w.Time || (g.Time-w.Time)%(1<<32) == 0 || g.Time == math.MaxInt64
}

func TestAgreesWithGopacket(t *testing.T) {
	files, packets, whole := 0, 0, 0
	captures(t, func(name string, file []byte) {
		files++
		packets += agree(t, name, file, false)
		if _, err := ours(file); err == io.EOF {
			whole++
		} else {
			t.Logf("%s: %v", name, err)
		}
	})
	t.Logf("%d captures, %d packets, %d captures whole", files, packets, whole)
}

func TestAgreesWithGopacketOnTruncated(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	captures(t, func(name string, file []byte) {
		for range 4 {
			agree(t, name+" (cut)", file[:rnd.IntN(len(file))], true)
		}
	})
}

func TestAgreesWithGopacketOnFlipped(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	captures(t, func(name string, file []byte) {
		for range 4 {
			bad := bytes.Clone(file)
			for range 1 + rnd.IntN(8) {
				bad[rnd.IntN(len(bad))] ^= 1 << rnd.IntN(8)
			}
			agree(t, name+" (flipped)", bad, true)
		}
	})
}
