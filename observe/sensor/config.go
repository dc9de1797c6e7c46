package sensor

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"time"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/platform/conf"
)

// Config is what the sensor is told.
type Config struct {
	// Interfaces are the network interfaces to watch: those that the mirror ports of the switches lead to. Empty means
	// the one that the default route leaves by.
	Interfaces []string `conf:"interfaces"`
	// Captures is a folder into which captures are written, by tcpdump -G or -C, or dumpcap -b: they are read in their
	// order as they grow. Where it is set and no interface is named, no interface is watched.
	Captures string `conf:"captures"`
	// Filter is what is watched, in the language of tcpdump: "not host 10.0.0.9 and not port 873". Empty means all.
	Filter string `conf:"filter"`
	// Cores is how many processor cores watch each interface. 0 means all that the machine has.
	Cores int `conf:"cores"`
	// Buffer is the memory that the kernel puts packets into while a core is busy, per core and interface.
	Buffer conf.Size `conf:"buffer"`
	// Flows is how many conversations are followed at a time; when more come, those that rested longest are ended.
	// One takes about 200 bytes.
	Flows int `conf:"flows"`
	// Reassembly is the memory for bytes that wait for missing or further ones.
	Reassembly conf.Size `conf:"reassembly"`
	// Overlaps say how the machines of the hospital put together segments and fragments that overlap, so that nobody
	// shows them other bytes than the sensor. The narrowest network that holds an address counts; elsewhere it is BSD.
	Overlaps Overlaps `conf:"overlaps"`
	// Report is how often a lasting conversation is reported. Each is reported at its end in any case.
	Report time.Duration `conf:"report"`
	// Promiscuous takes frames that are addressed to others, which a mirror port needs.
	Promiscuous bool `conf:"promiscuous"`
	// Ring keeps the packets themselves on disk, sealed with the site's key, for bulwark pcap.
	Ring RingConfig `conf:"ring"`
	// Files are the files that protocols carry: their digests and types, and copies of them.
	Files FilesConfig `conf:"files"`
}

// Overlaps are the networks whose machines follow each policy.
type Overlaps struct {
	// Windows: the first bytes stand, unless a later segment begins before them, or a later fragment covers them.
	Windows []netip.Prefix `conf:"windows"`
	// Linux: the first bytes stand, unless a later segment begins before them, or with them and ends behind them.
	Linux []netip.Prefix `conf:"linux"`
	// BSD: the first bytes stand, unless what comes later begins before them.
	BSD []netip.Prefix `conf:"bsd"`
	// Solaris: later segments stand that end behind the first.
	Solaris []netip.Prefix `conf:"solaris"`
	// First: the first bytes always stand.
	First []netip.Prefix `conf:"first"`
	// Last: the last bytes always stand, as in Cisco's IOS.
	Last []netip.Prefix `conf:"last"`
}

// list is what the process that reads packets is told of them.
func (o *Overlaps) list() []link.Overlap {
	return []link.Overlap{{Policy: "windows", Networks: o.Windows}, {Policy: "linux", Networks: o.Linux}, {Policy: "bsd", Networks: o.BSD},
		{Policy: "solaris", Networks: o.Solaris}, {Policy: "first", Networks: o.First}, {Policy: "last", Networks: o.Last}}
}

// Defaults are the settings of a sensor that nobody configured.
func Defaults() Config {
	return Config{Buffer: 64 << 20, Ring: defaultRing(), Files: defaultFiles(), Flows: 1_000_000, Reassembly: 256 << 20, Report: time.Minute, Promiscuous: true}
}

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	var errs []error
	if c.Cores < 0 || c.Cores > 256 {
		errs = append(errs, conf.At("cores", fmt.Errorf("%d is not between 0 and 256", c.Cores)))
	}
	if _, err := bpf.Compile(c.Filter, bpf.Ethernet, 0); err != nil {
		errs = append(errs, conf.At("filter", err))
	}
	if c.Buffer < 1<<20 {
		errs = append(errs, conf.At("buffer", fmt.Errorf("%v is less than 1MiB", c.Buffer)))
	}
	if c.Flows < 1000 {
		errs = append(errs, conf.At("flows", fmt.Errorf("%d is less than 1000", c.Flows)))
	}
	if c.Reassembly < 1<<20 {
		errs = append(errs, conf.At("reassembly", fmt.Errorf("%v is less than 1MiB", c.Reassembly)))
	}
	if c.Report != 0 && c.Report < time.Second {
		errs = append(errs, conf.At("report", fmt.Errorf("%v is less than 1s", c.Report)))
	}
	return errors.Join(errs...)
}

func (c *Config) cores() int {
	if c.Cores > 0 {
		return c.Cores
	}
	return runtime.NumCPU()
}

// ringMemory is what the blocks of packets take that wait for the disk, fillMemory the one that each core of an interface fills.
const (
	ringMemory = 32 << 20
	fillMemory = 4 << 20
)

// FileSize is how long a file the process that reads packets may write, in bytes; 0 where it writes none.
func (c *Config) FileSize() int64 {
	if c.Ring.Off {
		return 0
	}
	return ring.SegmentSize(math.MaxInt64)
}

// Memory is how many bytes the process that reads packets may use: its tables, its buffers, and room to move.
func (c *Config) Memory() int64 {
	const aFlow, aFile, room = 256, 2 << 10, 256 << 20
	n := int64(c.Flows)*aFlow + 2*int64(c.Reassembly) + 2*int64(c.Files.Memory) + int64(c.Files.Most)*aFile + room
	if !c.Ring.Off {
		n += ringMemory + fillMemory*int64(c.cores()*max(len(c.Interfaces), 1))
	}
	return n
}
