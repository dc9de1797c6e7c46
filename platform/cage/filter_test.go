package cage

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// seccompData is struct seccomp_data as the kernel's filter sees it: the VM of x/net/bpf loads big-endian words, so
// each word is written that way.
func seccompData(arch uint32, number uintptr, args ...uint32) []byte {
	p := make([]byte, 64)
	binary.BigEndian.PutUint32(p[offsetNumber:], uint32(number))
	binary.BigEndian.PutUint32(p[offsetArch:], arch)
	for i, a := range args {
		binary.BigEndian.PutUint32(p[offsetArgs+8*i:], a)
	}
	return p
}

func TestFilterDecides(t *testing.T) {
	const arch = unix.AUDIT_ARCH_X86_64
	raw, err := program(arch, allowed([]int{2, controlFD, dataFD, 9, -1}, 77, false))
	if err != nil {
		t.Fatal(err)
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the program cannot be read back")
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	const allow, refuse, absent, kill = seccompAllow, int(seccompRefuse), int(seccompAbsent), seccompKill
	for _, c := range []struct {
		promise string
		data    []byte
		want    int
	}{
		{"reading is allowed", seccompData(arch, unix.SYS_READ, 7), allow},
		{"opening is refused", seccompData(arch, unix.SYS_OPENAT), refuse},
		{"so is a socket", seccompData(arch, unix.SYS_SOCKET), refuse},
		{"so is io_uring, which would do all of this behind the filter's back", seccompData(arch, unix.SYS_IO_URING_SETUP), refuse},
		{"writing to the data pipe is allowed", seccompData(arch, unix.SYS_WRITE, dataFD), allow},
		{"waking the poller is allowed", seccompData(arch, unix.SYS_WRITE, 9), allow},
		{"writing to anything else is refused", seccompData(arch, unix.SYS_WRITE, 5), refuse},
		{"a descriptor that was not found is not allowed as -1", seccompData(arch, unix.SYS_WRITE, 0xffffffff), refuse},
		{"closing a capture socket is allowed", seccompData(arch, unix.SYS_CLOSE, 5), allow},
		{"closing the control channel is refused", seccompData(arch, unix.SYS_CLOSE, controlFD), refuse},
		{"mapping memory is allowed", seccompData(arch, unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE), allow},
		{"executable memory is refused", seccompData(arch, unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_EXEC), refuse},
		{"a thread is allowed", seccompData(arch, unix.SYS_CLONE, threadFlags|unix.CLONE_SETTLS), allow},
		{"a process is refused", seccompData(arch, unix.SYS_CLONE, uint32(unix.SIGCHLD)), refuse},
		{"a thread in a new namespace is refused", seccompData(arch, unix.SYS_CLONE, threadFlags|unix.CLONE_NEWNET), refuse},
		{"clone3, whose flags no filter sees, is not there", seccompData(arch, unix.SYS_CLONE3), absent},
		{"a signal to oneself is allowed", seccompData(arch, unix.SYS_TGKILL, 77), allow},
		{"a signal to another is refused", seccompData(arch, unix.SYS_TGKILL, 78), refuse},
		{"the 32-bit numbering ends the process", seccompData(unix.AUDIT_ARCH_I386, unix.SYS_READ), kill},
		{"the x32 numbering ends the process", seccompData(arch, unix.SYS_READ|0x40000000), kill},
	} {
		if got, err := vm.Run(c.data); err != nil || got != c.want {
			t.Errorf("%s: got %#x, %v, want %#x", c.promise, got, err, c.want)
		}
	}
}

func TestLandlockAsksForAllThatTheKernelKnows(t *testing.T) {
	for _, c := range []struct {
		abi  int
		want landlockAttr
		size uintptr
	}{
		{1, landlockAttr{fs: 1<<13 - 1}, 8},
		{2, landlockAttr{fs: 1<<14 - 1}, 8},
		{3, landlockAttr{fs: 1<<15 - 1}, 8},
		{4, landlockAttr{fs: 1<<15 - 1, net: 3}, 16},
		{5, landlockAttr{fs: 1<<16 - 1, net: 3}, 16},
		{6, landlockAttr{fs: 1<<16 - 1, net: 3, scoped: 1}, 24},
		{99, landlockAttr{fs: 1<<16 - 1, net: 3, scoped: 1}, 24},
	} {
		if got, size := landlockFor(c.abi, false); got != c.want || size != c.size {
			t.Errorf("version %d: got %+v, %d, want %+v, %d", c.abi, got, size, c.want, c.size)
		}
	}
	if got, _ := landlockFor(6, true); got.scoped != 3 {
		t.Errorf("with signals: got %#x, want 3", got.scoped)
	}
}
