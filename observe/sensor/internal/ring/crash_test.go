package ring

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// crashDir is the variable that makes the test below the victim: the folder that it fills.
const crashDir = "BULWARK_TEST_RING_CRASH"

// TestVictim fills a ring until it is killed, and says what is safe by then. It is no test of its own.
func TestVictim(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("started by TestAKillAtAnyMoment")
	}
	s, err := OpenSegments(dir, site, vault.Bounds{Bytes: rigRing}, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, segments: s, flushed: make(chan uint64, 8)}
	r.begin(Settings{})
	for i := 0; ; i++ {
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 700)})
		if i%500 == 499 {
			n := uint64(i/500 + 1)
			r.writer.Ask(n)
			r.recorder.Between(time.Now())
			<-r.flushed
			if _, err := os.Stdout.WriteString(strconv.Itoa(i+1) + "\n"); err != nil {
				return
			}
		}
	}
}

// TestAKillAtAnyMoment kills a process that fills a ring. What it said is safe is found, and the ring goes on.
func TestAKillAtAnyMoment(t *testing.T) {
	for _, lines := range []int{1, 3, 12, 14, 29} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewScanner(out)
		safe := 0
		for range lines {
			if !in.Scan() {
				t.Fatal("the victim ended by itself")
			}
			if safe, err = strconv.Atoi(strings.TrimSpace(in.Text())); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		s, err := OpenSegments(dir, site, vault.Bounds{Bytes: rigRing}, clock.System{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := Search(t.Context(), s.Files(), site, Query{}, io.Discard)
		if err != nil || int(f.Packets) < safe || len(f.Faults) > 0 {
			t.Errorf("killed after %d packets were safe: found %d, %v, faults %v", safe, f.Packets, err, f.Faults)
		}
		if taken, said := allocated(t, s.Files()), s.Kept().Bytes; taken > said+int64(len(s.Files()))<<20 {
			t.Errorf("the files take %d bytes of the disk, and hold %d", taken, said)
		}
		if g, err := s.New(); err != nil {
			t.Error(err)
		} else {
			g.File.Close()
		}
	}
}

// allocated is what files take of the disk.
func allocated(t *testing.T, files []string) (n int64) {
	t.Helper()
	for _, f := range files {
		st, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		n += st.Sys().(*syscall.Stat_t).Blocks * 512
	}
	return n
}
