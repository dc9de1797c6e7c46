package node

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"
)

func TestTheHeapGrowsInHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this kernel has no huge pages to ask for")
	}
	if os.Getenv("BULWARK_FRESH_HEAP") == "" { // where others ran before, there are holes to put things in
		again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), "BULWARK_FRESH_HEAP=1")
		if said, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	const size = 128 << 20
	growHuge(size)
	b := make([]byte, size/2)
	if flags := flagsAt(t, uintptr(unsafe.Pointer(&b[size/4]))); !strings.Contains(" "+flags+" ", " hg ") {
		t.Errorf("what is allocated then lies in memory with the flags %q, want hg (huge pages advised) among them", flags)
	}
}

// flagsAt is what the kernel says of the memory at an address (proc_pid_smaps(5), VmFlags).
func flagsAt(t *testing.T, address uintptr) string {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	within := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			within = from <= address && address < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && within {
			return flags
		}
	}
	t.Fatal("the kernel does not know of it")
	return ""
}
