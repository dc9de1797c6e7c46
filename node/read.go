package node

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/observe/inventory"
	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/vault"
)

func readCommand(t Terminal) *cobra.Command {
	var o readOptions
	cmd := &cobra.Command{
		Use:   "read FILE|DIRECTORY|-... | --interface NAME | --follow DIRECTORY",
		Short: "Analyse captures and print what crossed the wire",
		Long: `Analyse pcap and pcapng captures (also gzip or zstd compressed; - is standard input).

Without a flag it prints a summary. --devices prints the devices that the captures show. --json prints our events,
--eve Suricata-compatible EVE JSON, one a line: with the fields of Suricata's own schema, for pipelines that are made
for it. What is ours is marked by the object "bulwark".
Several captures are read as one, in the order given; a directory's in the order of their names.
Patients appear as pseudonyms. They are made with a new key each time, so that two runs cannot be joined,
unless --data names a Bulwark's data directory, whose key is then used.

With --interface it watches a network interface instead, until it is interrupted, and keeps nothing. With --follow it
reads the captures that are written into a directory, in their order and as they grow, until it is interrupted.

What is readable of a damaged capture is analysed; the error names the place, and the exit code is 3.
See also: bulwark help captures.`,
		Example: `  bulwark read ward.pcapng
  bulwark read --eve /captures/monday | jq 'select(.event_type == "dicom")'
  bulwark read --json --interface eth1
  bulwark read --eve --follow /captures >> /var/log/suricata/eve.json
  tcpdump -i eth1 -w - -c 10000 | bulwark read -`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.endless() && len(args) > 0:
				return errors.New("read takes captures or an interface, not both")
			case !o.endless() && len(args) == 0:
				return errors.New("read needs a capture: a file, a directory, or - for standard input; or --interface")
			}
			for _, h := range o.hashes {
				if !slices.Contains([]string{"md5", "sha1", "sha256"}, h) {
					return fmt.Errorf("--hashes %s: it is none of md5, sha1, sha256", h)
				}
			}
			for _, name := range o.types {
				if !eve.Known(name) {
					return fmt.Errorf("--eve-types %s: EVE has no such type", name)
				}
			}
			return errors.Join(apart(cmd, "eve", "json", "measure"), apart(cmd, "interface", "follow"), apart(cmd, "filter", "follow"))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return captureEndings(), cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return read(cmd, t, o, args) },
	}
	cmd.Flags().BoolVar(&o.eve, "eve", false, "print EVE JSON lines, as Suricata writes them")
	cmd.Flags().BoolVar(&o.json, "json", false, "print our events as JSON lines")
	cmd.Flags().BoolVar(&o.passwords, "passwords", false, "with --eve, write the passwords that crossed in clear, as Suricata does")
	cmd.Flags().StringSliceVar(&o.types, "eve-types", nil, "with --eve, write records of these `types` alone, such as alert,http,dns,tls,fileinfo,flow")
	cmd.Flags().StringSliceVar(&o.hashes, "hashes", nil, "with --eve, make these digests of files: `md5,sha1,sha256`; none unless asked for, as with Suricata")
	cmd.Flags().StringArrayVar(&o.rules, "rules", nil, "look for what these traffic rules describe: a `file` or a directory; may be given several times")
	cmd.Flags().StringToStringVar(&o.vars, "rule-var", nil, "set a variable of the traffic rules: `NAME=VALUE`, such as HOME_NET=10.0.0.0/8")
	cmd.Flags().StringVarP(&o.watch, "interface", "i", "", "watch this network interface")
	cmd.Flags().StringVar(&o.filter, "filter", "", "read only packets that match this `expression`, in the language of tcpdump")
	cmd.Flags().StringVar(&o.follow, "follow", "", "read what is written into this `directory`")
	_ = cmd.MarkFlagDirname("follow") // the flag stands above
	cmd.Flags().StringVar(&o.keep, "keep", "", "keep the packets in a ring in this `directory`, to measure what that costs")
	_ = cmd.Flags().MarkHidden("keep") // the flag stands above
	cmd.Flags().BoolVar(&o.measure, "measure", false, "encode all events and print only how many there were")
	cmd.Flags().BoolVar(&o.devices, "devices", false, "print the devices that the captures show, as JSON lines")
	cmd.Flags().StringVar(&o.batches, "batches", "", "write what the inventory reads as it travels into this `file`, each batch behind its length")
	_ = cmd.Flags().MarkHidden("batches") // the flag stands above
	return cmd
}

type readOptions struct {
	eve, json, measure, passwords, devices bool
	batches                                string

	watch, follow, keep  string
	filter               string
	rules, hashes, types []string
	vars                 map[string]string
}

func read(cmd *cobra.Command, t Terminal, o readOptions, args []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	var files []string
	c.Sensor.Captures = ""
	if o.filter != "" || !o.endless() {
		c.Sensor.Filter = o.filter
	}
	if err := c.Sensor.Check(); err != nil {
		return &exit{ExitUsage, err}
	}
	if !o.endless() {
		files, err = captures(args)
	} else {
		err = o.live(&c)
	}
	if err != nil {
		return &exit{ExitFailure, err}
	}
	key, err := readKey(cmd)
	if err != nil {
		return &exit{ExitFailure, err}
	}
	kept, err := keepIn(o.keep, c, key)
	if err != nil {
		return &exit{ExitFailure, err}
	}
	out := bufio.NewWriterSize(t.Out, 256<<10)
	sink := newReadSink(o, out)
	if err := sink.open(c); err != nil {
		return &exit{ExitFailure, err}
	}
	look, err := o.look(t.Err)
	if err != nil {
		return &exit{ExitFailure, err}
	}
	failed := 0
	s := sensor.New(sensor.Options{
		Config: c.Sensor, Name: "read", Site: c.Site, Pseudonyms: key, Seed: seedOf(files),
		Start: starter(c.Sensor, len(o.rules) > 0), Publisher: sink, Health: health.NewTracker(clock.System{}),
		Log: slog.New(slog.DiscardHandler), Clock: clock.System{}, Files: files, Ring: kept,
		Ordered: !o.measure && o.batches == "" && (len(files) > 0 || o.eve), EVE: o.eve, Records: eve.Records{Passwords: o.passwords, Hashes: o.hashes, Types: o.types}, Discard: o.measure, Look: look, Walked: sink.walks(),
		Done: func(r sensor.FileReport) {
			if !o.endless() {
				sink.packets += r.Packets
				sink.bytes += r.Bytes
			}
			sink.events += r.Events
			sink.allocations += r.Allocations
			if r.Err != nil {
				failed++
				fmt.Fprintf(t.Err, "bulwark: %s: %s; %d packets were read before\n", said(r.Name), printable(r.Err.Error()), r.Packets)
			}
		},
	})
	err = s.Run(cmd.Context())
	if o.endless() {
		for _, i := range s.State().Interfaces {
			sink.packets += i.Packets
			sink.bytes += i.Bytes
			if i.Drops+i.Lost > 0 || o.measure {
				fmt.Fprintf(t.Err, "bulwark: %s: %d packets were read, %d dropped by the kernel, %d events lost\n", i.Name, i.Packets, i.Drops, i.Lost)
			}
		}
	} else if cmd.Context().Err() != nil {
		err = errInterrupted
	}
	if err == nil {
		err = sink.finish()
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return &exit{ExitFailure, err}
	}
	switch {
	case failed > 0 && len(files) > 1:
		return &exit{ExitPartial, fmt.Errorf("%d of %d captures were not readable to their end", failed, len(files))}
	case failed > 0:
		return &exit{code: ExitPartial}
	}
	return nil
}

// look opens the traffic rules, after it has said which of them are not usable; nil where none are asked for.
func (o *readOptions) look(say io.Writer) (func() (*os.File, error), error) {
	if len(o.rules) == 0 {
		return nil, nil
	}
	rules, err := (&signature.Config{Paths: o.rules, Variables: o.vars}).Load("", time.Now())
	if err != nil {
		return nil, unwrapPath(err)
	}
	loaded, rejected, err := rules.Check()
	if err != nil {
		return nil, err
	}
	for _, r := range rejected {
		fmt.Fprintf(say, "bulwark: %s: rule %d is not used: %s\n", r.Place, r.SID, printable(r.Reason))
	}
	if loaded == 0 {
		return nil, fmt.Errorf("none of the rules of %s can be used", strings.Join(o.rules, ", "))
	}
	return func() (*os.File, error) { return bundle(rules) }, nil
}

// endless tells that what is read has no end.
func (o *readOptions) endless() bool { return o.watch != "" || o.follow != "" }

// live sets what is watched until it is interrupted: an interface or a directory.
func (o *readOptions) live(c *Config) error {
	if o.eve {
		c.Sensor.Cores = 1 // EVE numbers the messages of a conversation, and its records stand in their order
	}
	if o.follow == "" {
		c.Sensor.Interfaces = []string{o.watch}
		return watchable(*c)
	}
	c.Sensor.Interfaces, c.Sensor.Captures = nil, o.follow
	st, err := os.Stat(o.follow)
	if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s is no directory", o.follow)
	}
	return unwrapPath(err)
}

// watchable says why the interface cannot be watched.
func watchable(c Config) error {
	for _, f := range lookAtCapture(c) {
		if f.is == broken {
			return fmt.Errorf("%s: %s", f.text, f.mend)
		}
	}
	return nil
}

// keepIn is a packet ring in a directory that was named, of which the packets are sealed with a key that is thrown away.
func keepIn(dir string, c Config, key [32]byte) (*sensor.Ring, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	size, why, err := c.Sensor.Ring.Room(dir)
	if err == nil && size == 0 {
		err = errors.New(why)
	}
	if err != nil {
		return nil, err
	}
	return sensor.OpenRing(sensor.RingNeeds{Config: c.Sensor.Ring, Dir: dir, Size: size, Key: vault.Key(key), Clock: clock.System{},
		Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler)})
}

var errInterrupted = errors.New("interrupted: the capture was not read to its end")

// said is a capture's name for a person.
func said(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// readKey is the key of the pseudonyms: a new one, so that they mean nothing beyond this run, or that of the data
// directory which the command names.
func readKey(cmd *cobra.Command) (key [32]byte, err error) {
	if !cmd.Flags().Changed("data") {
		_, _ = rand.Read(key[:]) // never fails (crypto/rand)
		return key, nil
	}
	dir := filepath.Join(dataDir(cmd), keysDir)
	if _, err := os.Stat(dir); err != nil {
		return key, fmt.Errorf("%s is no data directory of Bulwark: %w", dataDir(cmd), err)
	}
	k, err := keys.Open(dir)
	if err != nil {
		return key, err
	}
	return k.Derive("pseudonym"), nil
}

// captures lists the files that args name; of a directory those that look like captures, in the order of their names.
func captures(args []string) ([]string, error) {
	var files []string
	for _, a := range args {
		st, err := os.Stat(a)
		if a == "-" || err == nil && !st.IsDir() {
			files = append(files, a)
			continue
		}
		if err != nil {
			return nil, unwrapPath(err)
		}
		n := len(files)
		err = filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && isCapture(d.Name()) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == n {
			return nil, fmt.Errorf("%s holds no capture; bulwark help captures says which files are taken for one", a)
		}
		slices.SortFunc(files[n:], sensor.Naturally)
	}
	return files, nil
}

// captureEndings are the endings of the names of captures.
func captureEndings() []string {
	var all []string
	for _, e := range []string{"pcap", "pcapng", "cap", "trace", "dmp"} {
		all = append(all, e, e+".gz", e+".zst")
	}
	return all
}

func isCapture(name string) bool {
	name = strings.TrimRight(strings.ToLower(name), "0123456789") // tcpdump -C: trace.pcap7
	return slices.ContainsFunc(captureEndings(), func(e string) bool { return strings.HasSuffix(name, "."+e) })
}

// unwrapPath leaves out the system call that a path's error names.
func unwrapPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// readSink prints events, or sums them up.
type readSink struct {
	o                   readOptions
	out                 *bufio.Writer
	reader              event.Reader
	printer             event.Printer
	eve                 eve.Writer
	line                []byte
	summary             *summary
	packets, bytes      uint64
	events, allocations uint64
	inventory           *inventory.Inventory // where devices are asked for
	batches             *os.File             // where batches are
}

// open opens what the events go into.
func (s *readSink) open(c Config) (err error) {
	switch {
	case s.o.devices:
		s.inventory, err = inventory.Offline(c.Inventory.Networks)
	case s.o.batches != "":
		s.batches, err = os.Create(s.o.batches)
	}
	return err
}

func newReadSink(o readOptions, out *bufio.Writer) *readSink {
	s := &readSink{o: o, out: out, eve: eve.Writer{Options: eve.Options{Interface: o.watch, Records: eve.Records{Types: o.types}}}}
	if !o.eve && !o.json && !o.measure && !o.devices && o.batches == "" {
		s.summary = newSummary()
	}
	return s
}

// Publish takes a batch of the sensor.
func (s *readSink) Publish(_ context.Context, kind event.Kind, batch []byte) error {
	switch {
	case s.inventory != nil:
		return s.inventory.Read(batch)
	case s.batches != nil && !slices.Contains(inventory.Reads(), kind):
		return nil
	case s.batches != nil:
		_, err := s.batches.Write(append(binary.LittleEndian.AppendUint32(s.line[:0], uint32(len(batch))), batch...))
		return err
	}
	if err := s.reader.Open(batch); err != nil {
		return err
	}
	var e event.Event
	n := 0
	for s.reader.Next(&e) {
		if n++; s.summary != nil {
			s.summary.add(&e)
			continue
		}
		if err := s.print(&e); err != nil {
			return err
		}
	}
	switch err := s.reader.Err(); {
	case err != nil:
		return err
	case n != s.reader.Len():
		return fmt.Errorf("%w: %d events of %d", event.ErrBatch, n, s.reader.Len())
	case !s.o.endless():
		return nil
	}
	return s.out.Flush() // somebody looks on
}

// walks reports whether Publish walks batches to their end.
func (s *readSink) walks() bool { return s.inventory == nil && s.batches == nil }

// print prints an event as a line, in the memory of the output where it has room.
func (s *readSink) print(e *event.Event) error {
	if s.out.Available() < 4<<10 {
		if err := s.out.Flush(); err != nil {
			return err
		}
	}
	line := s.out.AvailableBuffer()
	if s.o.eve {
		line = s.eve.Append(line, e)
	} else {
		line = s.printer.AppendJSON(line, "", e)
	}
	if len(line) == 0 {
		return nil // EVE has no such event
	}
	_, err := s.out.Write(append(line, '\n'))
	return err
}

func (s *readSink) finish() error {
	switch {
	case s.summary != nil:
		return s.summary.print(s.out, s.packets, s.bytes)
	case s.inventory != nil:
		return s.listDevices()
	case s.batches != nil:
		return s.batches.Close()
	case s.o.measure:
		_, err := fmt.Fprintf(s.out, "%d packets, %d bytes, %d events, %d allocations\n", s.packets, s.bytes, s.events, s.allocations)
		return err
	}
	return nil
}

// listDevices prints the devices, in the order of their numbers.
func (s *readSink) listDevices() error {
	all := s.inventory.All()
	slices.SortFunc(all, func(a, b inventory.Device) int { return cmp.Compare(a.ID, b.ID) })
	lines := json.NewEncoder(s.out)
	for k := range all {
		if err := lines.Encode(&all[k]); err != nil {
			return err
		}
	}
	return nil
}

// seedOf is the secret of the tables' hashes: the same for the same captures, so that they tell the same when they are read again.
// 0 for what has no beginning that can be read twice.
func seedOf(files []string) uint64 {
	sum := sha256.New()
	for _, name := range files {
		if name == "-" {
			return 0
		}
		f, err := os.Open(name)
		if err != nil {
			return 0
		}
		_, err = io.CopyN(sum, f, 1<<20)
		f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return 0
		}
	}
	if len(files) == 0 {
		return 0
	}
	return binary.LittleEndian.Uint64(sum.Sum(nil)) | 1
}
