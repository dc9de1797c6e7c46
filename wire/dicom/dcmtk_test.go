package dicom

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// tap is a proxy on the loopback that remembers what crossed each of its connections.
type tap struct {
	mu      sync.Mutex
	wg      sync.WaitGroup
	streams [][]wiretest.Chunk
}

// listen relays connections to the server at target, and returns its own port.
func (p *tap) listen(t *testing.T, target string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.streams = append(p.streams, nil)
			n := len(p.streams) - 1
			p.mu.Unlock()
			p.wg.Add(2)
			go p.relay(n, wire.ToServer, server, client)
			go p.relay(n, wire.ToClient, client, server)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (p *tap) relay(n int, dir wire.Dir, to, from net.Conn) {
	defer p.wg.Done()
	defer to.(*net.TCPConn).CloseWrite()
	buf := make([]byte, 64<<10)
	for {
		k, err := from.Read(buf)
		if k > 0 {
			p.mu.Lock()
			p.streams[n] = append(p.streams[n], wiretest.Chunk{Dir: dir, Bytes: append([]byte(nil), buf[:k]...)})
			p.mu.Unlock()
			to.Write(buf[:k])
		}
		if err != nil {
			return
		}
	}
}

// storescp starts DCMTK's storage server and returns its address.
func storescp(t *testing.T, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "storescp", append(args, "--ignore", port)...)
	server.Stdout, server.Stderr = io.Discard, io.Discard
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); server.Wait() })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		<-tick.C
	}
	t.Fatal("storescp does not listen")
	return ""
}

// capturer keeps what it is told beyond the call.
type capturer struct {
	recorder
	stores map[string]map[Tag]string
	told   []Association
}

func (c *capturer) Association(a *Association) {
	c.recorder.Association(a)
	c.told = append(c.told, *a)
}

func (c *capturer) Command(cmd *Command) {
	c.recorder.Command(cmd)
	if cmd.Operation == CStore && cmd.Answered {
		values := map[Tag]string{}
		for i, tag := range kept {
			values[tag] = string(*cmd.Data.field(i))
		}
		c.stores[string(cmd.SOPInstance)] = values
	}
}

func (p *tap) decode(t *testing.T) *capturer {
	t.Helper()
	p.wg.Wait()
	c := &capturer{stores: map[string]map[Tag]string{}}
	for _, chunks := range p.streams {
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: c}
		if err := f.Play(chunks); err != nil {
			t.Errorf("decoding: %v", err)
		}
		wiretest.Splits(t, chunks, fresh)
	}
	return c
}

func needTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed (Debian package dcmtk)", tool)
		}
	}
}

// TestStoresOfDCMTK has DCMTK send public objects in each of its transfer syntaxes, and compares what the wire tells
// with what dcmdump reads in the files.
func TestStoresOfDCMTK(t *testing.T) {
	needTools(t, "storescp", "storescu", "dcmdump")
	files, values := plainFiles(t, 25)
	for _, syntax := range []struct{ option, uid string }{
		{"-xe", explicitLE}, {"-xb", explicitBE}, {"-xi", implicitLE}, {"-xd", deflatedLE},
	} {
		t.Run(TransferSyntaxName(syntax.uid), func(t *testing.T) {
			t.Setenv("TCP_NODELAY", "1")
			p := &tap{}
			port := p.listen(t, storescp(t, "+xa"))
			out, err := exec.Command("storescu", append([]string{"-R", "-nh", syntax.option, "-aet", "CT_1", "-aec", "ARCHIVE", "127.0.0.1", port}, files...)...).CombinedOutput()
			if err != nil {
				t.Logf("storescu: %v: %s", err, out)
			}
			c := p.decode(t)
			if len(c.told) < 2 || c.told[0].State != Accepted || c.told[0].CalledAE != "ARCHIVE" || c.told[0].CallingAE != "CT_1" {
				t.Fatalf("told:\n%s", c.String())
			}
			end := c.told[len(c.told)-1]
			if end.State != Released || end.Operations[CStore].Requests < len(files)/2 || end.Stored != len(c.stores) {
				t.Errorf("%d files: state %v, %d requests, %d stored", len(files), end.State, end.Operations[CStore].Requests, end.Stored)
			}
			compareStores(t, c, values)
		})
	}
}

func compareStores(t *testing.T, c *capturer, values map[string]map[Tag]string) {
	t.Helper()
	compared := 0
	for file, want := range values {
		got := c.stores[want[SOPInstanceUID]]
		if got == nil {
			continue
		}
		compared++
		for tag, v := range got {
			if v != want[tag] && tag != SpecificCharacterSet {
				t.Errorf("%s: %v = %q, dcmdump has %q", filepath.Base(file), tag, v, want[tag])
			}
		}
	}
	if compared < len(values)/2 {
		t.Errorf("only %d of %d files were compared", compared, len(values))
	}
}

// plainFiles are at most n files of the data in uncompressed transfer syntaxes, each of another instance, and what
// dcmdump reads in them.
func plainFiles(t *testing.T, n int) (files []string, values map[string]map[Tag]string) {
	all, err := filepath.Glob(filepath.Join(corpus.Data(t, "dlp", "dicom"), "*.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	values = map[string]map[Tag]string{}
	for _, file := range all {
		if len(files) == n {
			break
		}
		p, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, syntax, ok := part10(p)
		if !ok || syntax != implicitLE && syntax != explicitLE {
			continue
		}
		v, ok := dumped("dcmdump", file)
		if uid := v[SOPInstanceUID]; ok && uid != "" && !seen[uid] {
			seen[uid] = true
			values[file] = v
			files = append(files, file)
		}
	}
	if len(files) < min(n, 10) {
		t.Fatalf("only %d files", len(files))
	}
	return files, values
}

// TestEchoesOfDCMTK has DCMTK ask with small PDUs, with a user's identity, and go without a word.
func TestEchoesOfDCMTK(t *testing.T) {
	needTools(t, "storescp", "echoscu")
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"small PDUs", []string{"-pdu", "4096"}, []string{"pdu=4096 1.2.276.0.7230010.3.0.3.", "C-ECHO 1 Verification  answered=true 0000", "released"}},
		{"several echoes", []string{"--repeat", "5"}, []string{"C-ECHO=5/0/0"}},
		{"an abort", []string{"--abort"}, []string{"aborted ECHOSCU>ANY-SCP: aborted by the service user, to_server"}},
		{"many contexts and syntaxes", []string{"--propose-pc", "40", "--propose-ts", "20"}, []string{"  79 1.2.840.10008.1.1 [1.2.840.10008.1.2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &tap{}
			port := p.listen(t, storescp(t))
			if out, err := exec.Command("echoscu", append(tt.args, "127.0.0.1", port)...).CombinedOutput(); err != nil {
				t.Fatalf("echoscu: %v: %s", err, out)
			}
			got := p.decode(t).String()
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		})
	}
}

// TestIdentityOfDCMTK has storescu say who its user is.
func TestIdentityOfDCMTK(t *testing.T) {
	needTools(t, "storescp", "storescu")
	files, _ := plainFiles(t, 1)
	for option, want := range map[string]Identity{"": 0, "--user": Username, "--password": UsernameAndPasscode} {
		args := []string{"127.0.0.1"}
		if option != "" {
			args = append(args, "--user", "dr.house")
		}
		if option == "--password" {
			args = append(args, "--password", "vicodin")
		}
		p := &tap{}
		port := p.listen(t, storescp(t))
		if out, err := exec.Command("storescu", append(args, port, files[0])...).CombinedOutput(); err != nil {
			t.Fatalf("storescu: %v: %s", err, out)
		}
		c := p.decode(t)
		if len(c.told) == 0 || c.told[0].Identity != want {
			t.Errorf("%q: told %s, want identity %v", option, c.String(), want)
		}
		if s := c.String(); strings.Contains(s, "vicodin") || strings.Contains(s, "dr.house") {
			t.Errorf("the user's identity was kept:\n%s", s)
		}
	}
}
