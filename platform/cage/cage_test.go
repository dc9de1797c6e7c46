package cage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// TestMain runs the tests, or one of the parts that tests start in a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[1] != "part" {
		os.Exit(m.Run())
	}
	parts := map[string]func() error{
		"echo": echoPart, "stress": stressPart, "leak": leakPart, "panic": panicPart, "stubborn": stubbornPart,
		"speak": speakPart, "write": writePart, "narrow": narrowPart, "hungry": hungryPart, "parent": parentPart, "poor": poorPart, "careless": func() error { return nil },
	}
	if err := parts[os.Args[2]](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// echoPart answers each order with its text and the content of the files that came with it.
func echoPart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	for i, f := range c.Files {
		text, err := io.ReadAll(f)
		fmt.Fprintf(c.Data, "file %d: %s, %v\n", i, text, err)
	}
	fmt.Fprintf(c.Data, "environment: %s\n", os.Environ())
	for buf := make([]byte, maxMessage); ; {
		message, files, err := c.Control.Receive(buf)
		if err == io.EOF {
			fmt.Fprintln(c.Data, "bye")
			return nil
		}
		if err != nil {
			return err
		}
		answer := string(message)
		for _, f := range files {
			text, err := io.ReadAll(f)
			answer += fmt.Sprintf(" +%s, %v", text, err)
			f.Close()
		}
		if err := c.Control.Send([]byte(answer)); err != nil {
			return err
		}
	}
}

// start starts a part in a cage that ends with the test.
func start(t *testing.T, spec Spec) *Process {
	t.Helper()
	p, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		p.Data.Close()
	})
	return p
}

func part(name string) Spec { return Spec{Name: name, Args: []string{"part", name}} }

// tempFile is an open file with a text.
func tempFile(t *testing.T, text string) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}

// checkReport wants every breach attempt refused, and every layer that this machine can have.
func checkReport(t *testing.T, r Report) {
	t.Helper()
	t.Logf("\n%s", r)
	if len(r.Attempts) < 10 {
		t.Errorf("got %d attempts to break out, want them made", len(r.Attempts))
	}
	for _, b := range r.Breaches() {
		t.Errorf("%s: %s", b.What, b.Text)
	}
	names := map[string]bool{}
	for _, l := range r.Layers {
		names[l.Name] = true
	}
	for _, want := range []string{"user", "namespaces", "files", "capabilities", "limits", "landlock", "seccomp"} {
		if !names[want] {
			t.Errorf("the report says nothing of %s", want)
		}
	}
}

func TestFilesOrdersAndData(t *testing.T) {
	spec := part("echo")
	spec.Files = []*os.File{tempFile(t, "first"), tempFile(t, "second")}
	p := start(t, spec)
	checkReport(t, p.Report)
	data := bufio.NewReader(p.Data)
	for _, want := range []string{"file 0: first, <nil>", "file 1: second, <nil>", fmt.Sprintf("environment: [GOMAXPROCS=%d]", runtime.GOMAXPROCS(0))} {
		if got, err := data.ReadString('\n'); strings.TrimSpace(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	buf := make([]byte, maxMessage)
	for _, c := range []struct {
		promise, order, want string
		files                []*os.File
	}{
		{"an order is answered", "one", "one", nil},
		{"a file can be handed over later", "two", "two +third, <nil>", []*os.File{tempFile(t, "third")}},
		{"so can several", "three", "three +a, <nil> +b, <nil>", []*os.File{tempFile(t, "a"), tempFile(t, "b")}},
	} {
		if err := p.Send([]byte(c.order), c.files...); err != nil {
			t.Fatalf("%s: %v", c.promise, err)
		}
		if got, err := p.Receive(buf); err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.promise, got, err, c.want)
		}
	}
	if err := p.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if got, err := io.ReadAll(data); err != nil || string(got) != "bye\n" {
		t.Errorf("after the end: got %q, %v, want bye", got, err)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	p := start(t, part("echo"))
	for _, size := range []int{0, maxMessage + 1} {
		if err := p.Send(make([]byte, size)); err == nil {
			t.Errorf("a message of %d bytes: got no error", size)
		}
	}
	if err := p.Send(bytes.Repeat([]byte("x"), 1000)); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Receive(make([]byte, 10)); err == nil {
		t.Errorf("an answer longer than the buffer: got %q and no error", got)
	}
}

// narrowPart has room for no further file, and says what happens to one.
func narrowPart() error {
	c, err := Enter(Limits{Files: 10})
	if err != nil {
		return err
	}
	var kept []*os.File
	for {
		_, files, err := c.Control.Receive(make([]byte, 16))
		if err != nil {
			_, err = fmt.Fprint(c.Data, err)
			runtime.KeepAlive(kept)
			return err
		}
		kept = append(kept, files...)
		if err := c.Control.Send([]byte("more")); err != nil {
			return err
		}
	}
}

func TestALostFileIsAnError(t *testing.T) {
	p := start(t, part("narrow"))
	f := tempFile(t, "one of many")
	for range 10 {
		if p.Send([]byte("keep this"), f) != nil {
			break
		}
		if _, err := p.Receive(make([]byte, 16)); err != nil {
			break
		}
	}
	if got, err := io.ReadAll(p.Data); err != nil || !strings.Contains(string(got), "files that were handed over are lost") {
		t.Errorf("got %q, %v, want it told", got, err)
	}
}

// stressPart makes the runtime do what it does at its busiest, with the door closed.
func stressPart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	text := bytes.Repeat([]byte("a line of text that compresses well\n"), 20000)
	w, err := zstd.NewWriter(nil)
	if err != nil {
		return err
	}
	packed := w.EncodeAll(text, nil)
	var all sync.WaitGroup
	errs := make(chan error, 64)
	for i := range 64 {
		all.Go(func() { errs <- stress(i, packed, text) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	runtime.GC()
	_, err = fmt.Fprintln(c.Data, "done")
	return err
}

func stress(i int, packed, want []byte) error {
	if i%8 == 0 {
		runtime.LockOSThread() // and end the thread with the goroutine
	}
	z, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return err
	}
	defer z.Close()
	got, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("unpacking: %d bytes, %w", len(got), err)
	}
	var kept [][]byte
	for n := range 200 {
		kept = append(kept, make([]byte, 1<<(n%16)))
		if n%50 == 0 {
			<-time.After(time.Millisecond)
			runtime.GC()
		}
	}
	runtime.KeepAlive(kept)
	return deep(1000)
}

func deep(n int) error {
	var page [1024]byte
	if n == 0 {
		return nil
	}
	page[n%1024] = 1
	return deep(n - int(page[n%1024]))
}

func TestTheRuntimeLivesInside(t *testing.T) {
	needPureGo(t)
	spec := part("stress")
	spec.Memory = 256 << 20
	spec.Procs = 4
	p := start(t, spec)
	if got, err := io.ReadAll(p.Data); string(got) != "done\n" {
		t.Errorf("got %q, %v, want done", got, err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// leakPart says which descriptors there are.
func leakPart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	var open []string
	for fd := range 64 {
		var s unix.Stat_t
		if unix.Fstat(fd, &s) == nil {
			open = append(open, strconv.Itoa(fd))
		}
	}
	_, err = fmt.Fprint(c.Data, strings.Join(open, " "))
	return err
}

func TestNothingElseIsOpen(t *testing.T) {
	leaked, err := unix.Dup(int(tempFile(t, "secret").Fd())) // without O_CLOEXEC, as a careless library opens
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	high, err := unix.FcntlInt(uintptr(leaked), unix.F_DUPFD, 40)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(high)
	p := start(t, part("leak"))
	got, err := io.ReadAll(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), "0 1 2 3 4 ") || strings.Contains(string(got), strconv.Itoa(high)) || len(strings.Fields(string(got))) > 9 {
		t.Errorf("open: %s; want 0 to 4 and the runtime's", got)
	}
}

func panicPart() error {
	if _, err := Enter(Limits{}); err != nil {
		return err
	}
	panic("a decoder met its limits")
}

func TestDeathIsToldWithItsReason(t *testing.T) {
	p := start(t, part("panic"))
	err := p.Wait()
	var exit *Exit
	if !errors.As(err, &exit) || exit.State != "exit status 2" || !strings.Contains(exit.Stderr, "a decoder met its limits") || !strings.Contains(exit.Stderr, "panicPart") {
		t.Errorf("got %v, want exit status 2 with the panic and where it was", err)
	}
}

func TestAChildThatNeverReportsIsAnError(t *testing.T) {
	_, err := Start(t.Context(), part("careless"))
	if err == nil || !strings.Contains(err.Error(), "careless ended without a report") {
		t.Errorf("got %v", err)
	}
	if _, err := Start(t.Context(), Spec{Name: "wrong", Args: []string{"-no-such-flag"}}); err == nil {
		t.Error("a wrong subcommand: got no error")
	}
}

// stubbornPart ignores that the control channel is closed.
func stubbornPart() error {
	if _, err := Enter(Limits{}); err != nil {
		return err
	}
	<-time.After(time.Hour)
	return nil
}

func TestAStubbornChildIsKilled(t *testing.T) {
	spec := part("stubborn")
	spec.Grace = time.Millisecond
	p := start(t, spec)
	var exit *Exit
	if err := p.Stop(); !errors.As(err, &exit) || exit.State != "signal: killed" {
		t.Errorf("got %v, want killed", err)
	}
}

func TestTheContextEndsTheChild(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Start(ctx, part("echo"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Data.Close()
	cancel()
	if err := p.Wait(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
}

// hungryPart allocates without end.
func hungryPart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	var kept [][]byte
	for i := range 1024 {
		b := make([]byte, 16<<20)
		for n := range b {
			b[n] = byte(i)
		}
		kept = append(kept, b)
	}
	fmt.Fprintf(c.Data, "%d", len(kept))
	return nil
}

func TestMemoryIsBounded(t *testing.T) {
	needPureGo(t)
	spec := part("hungry")
	spec.Memory = 64 << 20
	p := start(t, spec)
	var exit *Exit
	if err := p.Wait(); !errors.As(err, &exit) || !strings.Contains(exit.Stderr, "out of memory") {
		t.Errorf("got %v, want out of memory", err)
	}
}

// speakPart tries to write to a socket that it was given, by every way there is.
func speakPart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	fd := int(c.Files[0].Fd())
	say := func(what string, err error) { fmt.Fprintf(c.Data, "%s: %v\n", what, err) }
	_, err = unix.Write(fd, []byte("x"))
	say("write", err)
	say("sendmsg", unix.Sendmsg(fd, []byte("x"), nil, nil, 0))
	say("sendto", unix.Sendto(fd, []byte("x"), 0, nil))
	_, err = unix.Pwrite(fd, []byte("x"), 0)
	say("pwrite", err)
	say("dup onto data", unix.Dup3(fd, dataFD, 0))
	say("close data", unix.Close(dataFD))
	_, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 0)
	say("fcntl dup", err)
	say("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096))
	buf := make([]byte, 16)
	n, err := unix.Read(fd, buf)
	say("read "+string(buf[:max(n, 0)]), err)
	return nil
}

func TestAGivenSocketIsHeardAndNeverSpokenTo(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	if _, err := ours.WriteString("hear"); err != nil {
		t.Fatal(err)
	}
	spec := part("speak")
	spec.Files = []*os.File{theirs}
	p := start(t, spec)
	got, err := io.ReadAll(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	const no = ": operation not permitted\n"
	want := "write" + no + "sendmsg" + no + "sendto" + no + "pwrite" + no + "dup onto data" + no + "close data" + no +
		"fcntl dup" + no + "setsockopt" + no + "read hear: <nil>\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// writePart writes to the files that it was given by every way there is.
func writePart() error {
	c, err := Enter(Limits{})
	if err != nil {
		return err
	}
	for _, f := range c.Files {
		fd := int(f.Fd())
		say := func(what string, err error) { fmt.Fprintf(c.Data, "%s: %v\n", what, err) }
		_, err = unix.Pwrite(fd, []byte("xyz"), 2)
		say("pwrite", err)
		_, err = unix.Pwrite(fd, []byte("xyz"), 1<<20)
		say("pwrite past the end", err)
		_, err = unix.Pwritev(fd, [][]byte{[]byte("x")}, 0)
		say("pwritev", err)
		_, err = unix.Write(fd, []byte("x"))
		say("write", err)
		say("ftruncate", unix.Ftruncate(fd, 0))
		say("fallocate", unix.Fallocate(fd, 0, 0, 1))
	}
	return nil
}

func TestAGivenFileIsWrittenByPositionAndNoFurther(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	f := tempFile(t, "abcdefg")
	reading, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	spec := part("write")
	spec.Files = []*os.File{f, reading, theirs}
	spec.FileSize = 1 << 20
	p := start(t, spec)
	checkReport(t, p.Report)
	got, err := io.ReadAll(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	const no = ": operation not permitted\n"
	const rest = "pwritev" + no + "write" + no + "ftruncate" + no + "fallocate" + no
	want := "pwrite: <nil>\npwrite past the end: file too large\n" + rest +
		"pwrite: bad file descriptor\npwrite past the end: bad file descriptor\n" + rest +
		"pwrite: illegal seek\npwrite past the end: illegal seek\n" + rest
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if text, err := os.ReadFile(f.Name()); err != nil || string(text) != "abxyzfg" {
		t.Errorf("the file: got %q, %v, want abxyzfg", text, err)
	}
}

func TestEnterByHandIsRefused(t *testing.T) {
	out, err := exec.Command("/proc/self/exe", "part", "echo").CombinedOutput()
	if err == nil || !strings.Contains(string(out), ErrNoParent.Error()) {
		t.Errorf("got %s, %v, want %v", out, err, ErrNoParent)
	}
}
