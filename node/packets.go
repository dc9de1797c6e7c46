package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulwark/console"
	"bulwark/decide/identity"
	"bulwark/observe/sensor"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
	"bulwark/platform/vault"
)

// ringDir is the folder of the packet ring in the data directory, ringKey the purpose of the key that seals it.
const (
	ringDir = "packets"
	ringKey = "vault/packets"
)

// openRing opens the packet ring in dir; nil where no packets are kept.
func (n *Node) openRing(dir string) (*sensor.Ring, error) {
	c := n.config.Sensor.Ring
	dir = filepath.Join(dir, ringDir)
	size, why, err := c.Room(existing(dir))
	if err != nil {
		return nil, err
	}
	if size == 0 {
		n.log.Info("no packets are kept", "reason", why)
		return nil, nil
	}
	return sensor.OpenRing(sensor.RingNeeds{Config: c, Dir: dir, Size: size, Key: vault.Key(n.keys.Derive(ringKey)),
		Clock: n.clock, Health: n.health, Log: n.log.With("room", "sensor")})
}

var errNoRing = errors.New("this node keeps no packets: bulwark doctor says why")

// packetsAsked is who asks for which packets, and why.
type packetsAsked struct {
	Actor  string             `json:"-"`
	Reason string             `json:"reason"`
	Query  sensor.PacketQuery `json:"query"`
}

// maxReason is how long a reason may be, in bytes.
const maxReason = 500

func (a *packetsAsked) check() error {
	a.Reason = strings.TrimSpace(strings.ToValidUTF8(a.Reason, "?"))
	switch {
	case a.Reason == "":
		return errors.New("packets are opened for a reason: name it")
	case len(a.Reason) > maxReason:
		return fmt.Errorf("the reason is longer than %d bytes", maxReason)
	}
	return sensor.CheckQuery(&a.Query)
}

// detail is what the ledger keeps of it.
func (a *packetsAsked) detail() map[string]string {
	q := &a.Query
	d := map[string]string{"reason": a.Reason}
	if q.Flow != 0 {
		d["flow"] = strconv.FormatUint(q.Flow, 10)
	}
	if len(q.Hosts) > 0 {
		d["hosts"] = strings.Trim(fmt.Sprint(q.Hosts), "[]")
	}
	if q.Filter != "" {
		d["filter"] = q.Filter
	}
	for key, t := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !t.IsZero() {
			d[key] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	return d
}

// packets hands out what is asked for. That it is opened, and why, stands in the ledger before the first byte leaves;
// how many packets left, after the last.
func (n *Node) packets(ctx context.Context, a packetsAsked, out io.Writer) (sensor.PacketsFound, error) {
	var found sensor.PacketsFound
	if n.ring == nil {
		return found, errNoRing
	}
	if err := a.check(); err != nil {
		return found, err
	}
	if _, err := n.ledger.Record(ctx, ledger.Entry{Actor: a.Actor, Act: "packets.open", Outcome: ledger.Done, Detail: a.detail()}); err != nil {
		return found, err
	}
	found, err := n.ring.Packets(ctx, a.Query, out)
	for _, f := range found.Faults {
		n.log.Error("reading the packet ring", "error", f)
	}
	outcome := ledger.Done
	if err != nil {
		outcome = ledger.Failed
	}
	_, noted := n.ledger.Record(context.WithoutCancel(ctx), ledger.Entry{Actor: a.Actor, Act: "packets.handed-out", Outcome: outcome,
		Detail: map[string]string{"reason": a.Reason, "packets": strconv.FormatUint(found.Packets, 10), "bytes": strconv.FormatUint(found.Bytes, 10)}})
	return found, errors.Join(err, noted)
}

// handsOut is how the console hands out packets; nil where none are kept.
func (n *Node) handsOut() func(*http.Request, console.PacketQuery, io.Writer) (uint64, error) {
	if n.ring == nil {
		return nil
	}
	return n.consolePackets
}

// consolePackets hands out packets to whoever is signed in.
func (n *Node) consolePackets(r *http.Request, q console.PacketQuery, out io.Writer) (uint64, error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return 0, errors.New("node: nobody is signed in")
	}
	a := packetsAsked{Actor: p.Actor(), Reason: q.Reason, Query: sensor.PacketQuery{
		Flow: q.Flow, Hosts: q.Hosts, Filter: q.Filter, Since: q.From, Until: q.To, Bytes: q.Bytes}}
	if err := a.check(); err != nil {
		return 0, fmt.Errorf("%w: %w", console.ErrFilter, err)
	}
	f, err := n.packets(r.Context(), a, out)
	return f.Packets, err
}

// foundTrailer is the HTTP trailer in which the control socket says what was found.
const foundTrailer = "Bulwark-Found"

// found is what a command is told of what was found.
type found struct {
	Packets, Bytes, Lost uint64
	Short                uint64
	First, Last          time.Time
	More                 bool
	Faults               []string
	Error                string
}

func (n *Node) orderPackets(w http.ResponseWriter, r *http.Request) {
	a := packetsAsked{}
	err := json.NewDecoder(r.Body).Decode(&a)
	a.Actor = ledger.Host
	if err == nil && n.ring == nil {
		err = errNoRing
	}
	if err == nil {
		err = a.check()
	}
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Trailer", foundTrailer)
	w.Header().Set("Content-Type", "application/x-pcapng")
	f, err := n.packets(r.Context(), a, w)
	told := found{Packets: f.Packets, Bytes: f.Bytes, Lost: f.Lost, Short: f.Short, First: f.First, Last: f.Last, More: f.More}
	for _, e := range f.Faults {
		told.Faults = append(told.Faults, e.Error())
	}
	if err != nil {
		told.Error = err.Error()
	}
	if text, err := json.Marshal(told); err == nil { // plain fields of ours
		w.Header().Set(foundTrailer, string(text))
	}
}

// pcapOptions are the flags of bulwark pcap.
type pcapOptions struct {
	flow                 uint64
	hosts                []string
	filter, since, until string
	reason, output       string
	most                 string
}

func pcapCommand(t Terminal) *cobra.Command {
	var o pcapOptions
	cmd := &cobra.Command{
		Use: "pcap", Short: "Hand out packets that were kept, as pcapng",
		Long: `Write the packets of a flow, of an address, or of a filter of tcpdump's from the packet ring of the Bulwark that
runs here to a file, as pcapng. What meets all that is asked for is written, in the order of its time.

A flow is named by the number that its events have (connection_info.uid in our events, flow_id in EVE). Several
--host mean that all of them are ends of the conversation. --since and --until take a time span before now (90m, 2h,
3d), a time of today (14:30), or a whole time (2026-11-22T14:30:00Z, or 2026-11-22 14:30 of this machine's zone).

Packets hold what patients and staff sent: who opened them and why is written to the ledger. sensor.ring says which
packets are kept and for how long; see docs/guide/packets.md.`,
		Example: `  bulwark pcap --flow 906312155136001 --reason "incident 12" -o flow.pcapng
  bulwark pcap --host 10.3.0.17 --since 1h --reason "infusion pump resets" -o - | tshark -r -
  bulwark pcap --filter "port 104 and net 10.3.0.0/16" --since 14:30 --until 14:35 --reason "PACS outage" -o pacs.pcapng`,
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error { return handOut(cmd, t, o) },
	}
	f := cmd.Flags()
	f.Uint64Var(&o.flow, "flow", 0, "the packets of the flow with this `number`")
	f.StringArrayVar(&o.hosts, "host", nil, "the packets of conversations of this `address`")
	f.StringVar(&o.filter, "filter", "", "the packets that this `expression` of tcpdump takes")
	f.StringVar(&o.since, "since", "", "from this `time` on")
	f.StringVar(&o.until, "until", "", "until this `time`")
	f.StringVar(&o.most, "most", "0", "end after this `size` of packets, such as 100MiB; 0: at the end")
	f.StringVar(&o.reason, "reason", "", "why they are opened, for the ledger")
	f.StringVarP(&o.output, "output", "o", "", "write to this `file`; - is standard output")
	_ = cmd.MarkFlagFilename("output", "pcapng") // the flag stands above
	return cmd
}

// asked is what the flags ask for.
func (o *pcapOptions) asked(now time.Time) (a packetsAsked, err error) {
	a.Reason = o.reason
	q := &a.Query
	q.Flow, q.Filter = o.flow, o.filter
	for _, h := range o.hosts {
		ip, err := netip.ParseAddr(h)
		if err != nil {
			return a, fmt.Errorf("--host %q is no address such as 10.3.0.17 or 2001:db8::7", h)
		}
		q.Hosts = append(q.Hosts, ip)
	}
	if q.Since, err = when(o.since, now); err != nil {
		return a, fmt.Errorf("--since %w", err)
	}
	if q.Until, err = when(o.until, now); err != nil {
		return a, fmt.Errorf("--until %w", err)
	}
	var most conf.Size
	if err := most.UnmarshalText([]byte(o.most)); err != nil || most < 0 {
		return a, fmt.Errorf("--most %q is no size such as 100MiB", o.most)
	}
	q.Bytes = uint64(most)
	switch {
	case q.Flow == 0 && len(q.Hosts) == 0 && q.Filter == "":
		return a, errors.New("pcap needs --flow, --host or --filter")
	case o.output == "":
		return a, errors.New("pcap needs --output: a file, or - for standard output")
	}
	return a, a.check()
}

// when reads a time as people type it; empty is the zero time.
func when(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, now.Location()), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 1h, 14:30 or 2026-11-22T14:30:00Z", text)
}

func handOut(cmd *cobra.Command, t Terminal, o pcapOptions) error {
	a, err := o.asked(time.Now())
	if err != nil {
		return usage(err)
	}
	resp, err := call(cmd, http.MethodPost, "/packets", a)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := save(resp.Body, t, o.output); err != nil {
		return &exit{ExitFailure, err}
	}
	var f found
	if err := json.Unmarshal([]byte(resp.Trailer.Get(foundTrailer)), &f); err != nil {
		return &exit{ExitFailure, errors.New("bulwark ended before the last packet")}
	}
	return tellFound(t, &f, o.output)
}

// save writes packets to a file for its owner alone, or to standard output.
func save(in io.Reader, t Terminal, name string) error {
	if name == "-" {
		_, err := io.Copy(t.Out, in)
		return err
	}
	out, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return unwrapPath(err)
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// tellFound says what was found, and what is missing.
func tellFound(t Terminal, f *found, name string) error {
	if f.Error != "" {
		return &exit{ExitFailure, errors.New(f.Error)}
	}
	for _, e := range f.Faults {
		fmt.Fprintf(t.Err, "bulwark: %s\n", printable(e))
	}
	if f.Packets == 0 {
		if name != "-" {
			_ = os.Remove(name) // it holds nothing
		}
		return &exit{ExitFailure, errors.New("no such packet is kept: sensor.ring says which are, and for how long")}
	}
	fmt.Fprintf(t.Err, "%d packets, %d bytes, %s to %s\n", f.Packets, f.Bytes, f.First.Local().Format(time.DateTime), f.Last.Local().Format(time.DateTime))
	if f.Short > 0 {
		fmt.Fprintf(t.Err, "Of %d packets only the first bytes are kept, of most the headers: sensor.ring says of which (encrypted, bulk, flow, snaplen).\n", f.Short)
	}
	if f.More {
		fmt.Fprintln(t.Err, "There are more: --most ended it.")
	}
	if f.Lost > 0 {
		fmt.Fprintf(t.Err, "%d packets of that time were not kept, for want of room; theirs may be among them.\n", f.Lost)
	}
	if len(f.Faults) > 0 {
		return &exit{ExitPartial, errors.New("part of the packet ring was not readable")}
	}
	return nil
}

func lookAtRing(c Config, dir string) finding {
	dir = filepath.Join(dir, ringDir)
	size, why, err := c.Sensor.Ring.Room(existing(dir))
	switch {
	case err != nil:
		return finding{"packet ring", broken, err.Error(), "set sensor.ring.off, or choose another data directory"}
	case size == 0:
		return finding{"packet ring", fine, "no packets are kept: " + why, ""}
	}
	about := conf.Size(size)
	if about > 1<<20 {
		about &^= 1<<20 - 1
	}
	text := fmt.Sprintf("the last %v of packets are kept, sealed, in %s (%s)", about, dir, why)
	if age := c.Sensor.Ring.Age; age > 0 {
		text = fmt.Sprintf("the last %v of packets, and none older than %s, are kept, sealed, in %s (%s)", about, short(age), dir, why)
	}
	return finding{"packet ring", fine, text, ""}
}
