package cage

import "golang.org/x/sys/unix"

// plain are the system calls that are allowed whatever their arguments, the frequent ones first. They are those of
// the Go runtime (runtime/sys_linux_*.s, internal/runtime/syscall/linux) and of reading what is open.
var plain = append([]uintptr{
	unix.SYS_FUTEX,
	unix.SYS_PPOLL,
	unix.SYS_READ,
	unix.SYS_EPOLL_PWAIT,
	unix.SYS_NANOSLEEP,
	unix.SYS_MADVISE,
	unix.SYS_RECVMSG,
	unix.SYS_GETSOCKOPT, // the drop counters of a capture socket
	unix.SYS_GETSOCKNAME,
	unix.SYS_CLOCK_GETTIME,
	unix.SYS_CLOCK_NANOSLEEP,
	unix.SYS_GETTIMEOFDAY,
	unix.SYS_SCHED_YIELD,
	unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_RT_SIGACTION,
	unix.SYS_RT_SIGPROCMASK,
	unix.SYS_RT_SIGRETURN,
	unix.SYS_SIGALTSTACK,
	unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID,
	unix.SYS_GETTID,
	unix.SYS_GETUID,
	unix.SYS_GETPPID,
	unix.SYS_EXIT,
	unix.SYS_EXIT_GROUP,
	unix.SYS_EPOLL_CTL,
	unix.SYS_READV,
	unix.SYS_PREAD64,
	unix.SYS_LSEEK,
	unix.SYS_FSTAT,
	unix.SYS_MUNMAP,
	unix.SYS_MINCORE,
	unix.SYS_BRK,
	unix.SYS_GETRANDOM,
	unix.SYS_GETRUSAGE,
	unix.SYS_SET_ROBUST_LIST, // these two are the C library's, for each thread
	unix.SYS_RSEQ,
	unix.SYS_SETITIMER, // profiling
	unix.SYS_TIMER_CREATE,
	unix.SYS_TIMER_SETTIME,
	unix.SYS_TIMER_DELETE,
}, archPlain...)
