package cage

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets into struct seccomp_data of <linux/seccomp.h>. Only the low halves of arguments are looked at: the kernel
// takes descriptors, flags and commands as 32 bits.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

const (
	seccompAllow  = 0x7fff0000
	seccompKill   = 0x80000000
	seccompRefuse = 0x00050000 | uint32(unix.EPERM)
	seccompAbsent = 0x00050000 | uint32(unix.ENOSYS)
)

// rule allows one system call: always, or when an argument is one of the values, or lacks the bits.
type rule struct {
	number uintptr
	arg    int
	values []uint32 // allowed when the argument is one of these
	not    []uint32 // allowed when the argument is none of these
	lacks  uint32   // allowed when the argument has none of these bits
	absent bool     // not allowed, and answered as by a kernel that does not have it
}

// allowed are the system calls of a Go program that computes, reads what it has and writes to the descriptors of
// writable; with files also by position to the files that it holds open for that. Nothing here opens, connects, starts or finds anything.
func allowed(writable []int, pid int, files bool) []rule {
	var fds []uint32
	for _, fd := range writable {
		if fd >= 0 {
			fds = append(fds, uint32(fd))
		}
	}
	var rules []rule
	for _, n := range plain {
		rules = append(rules, rule{number: n})
	}
	if files {
		rules = append(rules, rule{number: unix.SYS_PWRITE64}) // which a socket and a pipe refuse (ESPIPE)
	}
	return append(rules,
		// A packet socket sends what is written to it: only our own channels can be written. They cannot be closed
		// either, lest a received socket take their number.
		rule{number: unix.SYS_WRITE, arg: 0, values: fds},
		rule{number: unix.SYS_WRITEV, arg: 0, values: fds},
		rule{number: unix.SYS_SENDMSG, arg: 0, values: []uint32{controlFD}},
		rule{number: unix.SYS_CLOSE, arg: 0, not: append([]uint32{0, 1}, fds...)},
		rule{number: unix.SYS_FCNTL, arg: 1, values: []uint32{unix.F_GETFL, unix.F_SETFL, unix.F_GETFD, unix.F_SETFD}},
		rule{number: unix.SYS_MMAP, arg: 2, lacks: unix.PROT_EXEC},
		rule{number: unix.SYS_MPROTECT, arg: 2, lacks: unix.PROT_EXEC},
		// Threads, not processes. The flags are those of the runtime (runtime.cloneFlags), with and without CLONE_SETTLS,
		// and those of the C library, which first tries clone3, whose flags no filter can see.
		rule{number: unix.SYS_CLONE, arg: 0, values: []uint32{threadFlags, threadFlags | unix.CLONE_SETTLS, threadFlagsC}},
		rule{number: unix.SYS_CLONE3, absent: true},
		rule{number: unix.SYS_TGKILL, arg: 0, values: []uint32{uint32(pid)}}, // the runtime preempts its threads
		rule{number: unix.SYS_PRCTL, arg: 0, values: []uint32{unix.PR_SET_VMA}},
	)
}

const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD

const threadFlagsC = threadFlags | unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID

// program compiles the rules. What no rule allows is refused with EPERM; a call in the numbering of another
// architecture, by which a filter could be sidestepped, ends the process.
func program(arch uint32, rules []rule) ([]bpf.RawInstruction, error) {
	p := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		bpf.RetConstant{Val: seccompKill},
		bpf.LoadAbsolute{Off: offsetNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: 0x40000000, SkipTrue: 1}, // x32 begins there
		bpf.RetConstant{Val: seccompKill},
	}
	for _, r := range rules {
		body := r.body()
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(r.number), SkipTrue: uint8(len(body))})
		p = append(p, body...)
	}
	return bpf.Assemble(append(p, bpf.RetConstant{Val: seccompRefuse}))
}

// body decides a system call whose number has matched. It always returns.
func (r rule) body() []bpf.Instruction {
	allow, refuse := bpf.RetConstant{Val: seccompAllow}, bpf.RetConstant{Val: seccompRefuse}
	if r.absent {
		return []bpf.Instruction{bpf.RetConstant{Val: seccompAbsent}}
	}
	if r.values == nil && r.not == nil && r.lacks == 0 {
		return []bpf.Instruction{allow}
	}
	p := []bpf.Instruction{bpf.LoadAbsolute{Off: offsetArgs + 8*uint32(r.arg), Size: 4}}
	for _, v := range r.values {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: 1}, allow)
	}
	for _, v := range r.not {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: 1}, refuse)
	}
	switch {
	case r.values != nil:
		return append(p, refuse)
	case r.not != nil:
		return append(p, allow)
	}
	return append(p, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: r.lacks, SkipFalse: 1}, refuse, allow)
}

// filter installs the program on all threads.
func filter(r *Report, writable []int, files bool) {
	if auditArch == 0 {
		r.layer("seccomp", false, "no filter is written for this processor")
		return
	}
	rules := allowed(writable, os.Getpid(), files)
	if err := install(rules); err != nil {
		r.layer("seccomp", false, "%v", err)
		return
	}
	r.layer("seccomp", true, "%d system calls allowed, all others refused", len(rules)-1) // all but clone3
}

func install(rules []rule) error {
	p, err := program(auditArch, rules)
	if err != nil {
		return fmt.Errorf("assembling the filter: %w", err)
	}
	code := make([]unix.SockFilter, len(p))
	for i, in := range p {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	// no_new_privs may be missing on this thread in a program with cgo; TSYNC passes it on with the filter.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	switch errno {
	case 0:
		return nil
	case unix.ENOSYS, unix.EINVAL:
		return fmt.Errorf("not in this kernel")
	}
	return errno
}
