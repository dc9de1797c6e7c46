package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bulwark/event"
	"bulwark/platform/health"
	"bulwark/platform/store"
)

// now is the state of the network in a range of time, and what is wrong at this moment.
type now struct {
	From     time.Time  `json:"from"` // of the steps below: whole steps that cover the range that was asked for
	To       time.Time  `json:"to"`
	Step     int64      `json:"step_ms"`
	Bits     []uint64   `json:"bits"` // bits per second
	Protos   []protocol `json:"protocols"`
	Clinical []clinical `json:"clinical"`
	Total    totals     `json:"total"`
	Active   uint64     `json:"active_flows"` // in the newest count
	Ports    []string   `json:"interfaces"`
	OneSided []oneSided `json:"one_sided"`
	Newest   *time.Time `json:"newest,omitempty"` // where the range has no traffic: the newest event there is
	Warnings []warning  `json:"warnings"`
}

type protocol struct {
	App   string   `json:"app"` // empty: not recognised
	Bytes uint64   `json:"bytes"`
	Bits  []uint64 `json:"bits"` // bits per second
}

type clinical struct {
	Kind      string    `json:"kind"`
	PerMinute []float64 `json:"per_minute"`
	Total     uint64    `json:"total"`
}

type totals struct {
	Bytes   uint64 `json:"bytes"`
	Packets uint64 `json:"packets"`
	Dropped uint64 `json:"dropped"` // by the kernel and by the sensor
	Flows   uint64 `json:"flows"`   // new ones
}

// oneSided is an interface, or one VLAN of it, of which mostly one direction is seen.
type oneSided struct {
	Interface string `json:"interface"`
	VLAN      uint64 `json:"vlan"` // 0: all of it
	One       uint64 `json:"one_sided"`
	Two       uint64 `json:"two_sided"`
}

type warning struct {
	ID       string    `json:"id"`
	Key      string    `json:"key"`
	Severity string    `json:"severity"`
	Since    time.Time `json:"since"`
	Title    string    `json:"title"`
	Text     string    `json:"text"`
	NextStep string    `json:"next_step"`
}

// The counters of the sensor, as [event.Stats] describes them. Totals have neither a protocol nor a VLAN.
const (
	statsTotal = `kind:stats app_name:"" sensor.vlan_uid:""`
	statsByApp = `kind:stats app_name:*`
	statsSides = `kind:stats (sensor.one_sided_flows:>0 or sensor.two_sided_flows:>0)`
)

// notRecognised is the protocol of the flows whose protocol the sensor does not know.
const notRecognised = "other"

// settling is how long the newest counts may take until they are found.
const settling = 3 * time.Second

func (c *Console) now(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 0, 0)
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, r, func(ctx context.Context) (now, error) {
		n, err := c.state(ctx, store.Query{From: q.From, To: q.To, Hidden: q.Hidden})
		n.Warnings = warnings(c.Health.Warnings(), french(r))
		return n, err
	})
}

func warnings(standing []health.Warning, fr bool) []warning {
	all := make([]warning, 0, len(standing))
	for _, s := range standing {
		say := func(t health.Text) string {
			if fr {
				return t.FR
			}
			return t.EN
		}
		all = append(all, warning{s.ID, s.Key, s.Severity.String(), s.Since, say(s.Title), say(s.Text), say(s.NextStep)})
	}
	return all
}

// state reads the counters of the range.
func (c *Console) state(ctx context.Context, q store.Query) (now, error) {
	n := now{From: q.From, To: q.To, Protos: []protocol{}, Clinical: []clinical{}, Ports: []string{}, OneSided: []oneSided{}, Bits: []uint64{}}
	last, err := c.Store.Latest(ctx, and(q, statsTotal), 1)
	if err != nil {
		return n, err
	}
	if len(last) == 0 {
		return n, c.newest(ctx, q, &n)
	}
	interval := time.Duration(number(&last[0], "interval"))
	if err := c.active(ctx, last[0].Time, interval, &n); err != nil {
		return n, err
	}
	g := c.steps(q, interval)
	n.From, n.To, n.Step = g.start, g.start.Add(time.Duration(g.n)*g.step), g.step.Milliseconds()
	q.From, q.To = n.From, n.To
	for _, part := range []func(context.Context, store.Query, grid, *now) error{c.rates, c.messages, c.interfaces, c.sides} {
		if err := part(ctx, q, g, &n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// active adds up the open flows over the workers, each of which counts once an interval.
func (c *Console) active(ctx context.Context, at time.Time, interval time.Duration, n *now) error {
	rows, err := c.Store.Rows(ctx, store.Query{Text: statsTotal, From: at.Add(1 - interval), To: at.Add(1)}, `stats sum("sensor.active_flows") a`, 1)
	if len(rows) > 0 {
		n.Active = number(&rows[0], "a")
	}
	return err
}

// newest is the newest event there is, for a range without any count.
func (c *Console) newest(ctx context.Context, q store.Query, n *now) error {
	rows, err := c.Store.Latest(ctx, store.Query{Text: "-kind:health", Hidden: q.Hidden}, 1)
	if err == nil && len(rows) > 0 {
		n.Newest = &rows[0].Time
	}
	return err
}

// steps cuts the range into whole steps that are no shorter than the counters' interval, beginning and ending a little
// outside of it, so that no step is a part of one, which would look like a fall. For the same reason it leaves out
// the end that has not been counted yet.
func (c *Console) steps(q store.Query, interval time.Duration) grid {
	step := stepFor(q.To.Sub(q.From), 120, max(interval, time.Second))
	from, to := floor(q.From, step), floor(q.To.Add(step-1), step)
	if counted := c.Clock.Now().Add(-interval - settling); counted.Before(to) {
		to = floor(counted, step)
	}
	if !from.Before(to) {
		to = from.Add(step)
	}
	return newGrid(from, to, step)
}

// rates reads bytes by protocol over time.
func (c *Console) rates(ctx context.Context, q store.Query, g grid, n *now) error {
	total, err := c.Store.Histogram(ctx, and(q, statsTotal), g.step, "", "traffic.bytes")
	if err != nil {
		return err
	}
	byApp, err := c.Store.Histogram(ctx, and(q, statsByApp), g.step, "app_name", "traffic.bytes")
	if err != nil {
		return err
	}
	all := g.lines(total)[""]
	if all == nil {
		all = make([]uint64, g.n)
	}
	rest := slices.Clone(all)
	for app, bytes := range g.lines(byApp) {
		if app == notRecognised {
			continue
		}
		for i, b := range bytes {
			rest[i] -= min(b, rest[i])
		}
		n.Protos = append(n.Protos, protocol{app, sum(bytes), perSecond(bytes, g.step)})
	}
	n.Protos = append(n.Protos, protocol{"", sum(rest), perSecond(rest, g.step)})
	n.Protos = slices.DeleteFunc(n.Protos, func(p protocol) bool { return p.Bytes == 0 })
	slices.SortFunc(n.Protos, func(a, b protocol) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.App, b.App)) })
	n.Bits = perSecond(all, g.step)
	return nil
}

func sum(values []uint64) (all uint64) {
	for _, v := range values {
		all += v
	}
	return all
}

// perSecond turns bytes a step into bits a second.
func perSecond(bytes []uint64, step time.Duration) []uint64 {
	bits := make([]uint64, len(bytes))
	for i, b := range bytes {
		bits[i] = uint64(float64(b) * 8 / step.Seconds())
	}
	return bits
}

// messages reads how many messages the clinical protocols carried.
func (c *Console) messages(ctx context.Context, q store.Query, g grid, n *now) error {
	counts, err := c.Store.Histogram(ctx, and(q, "kind:(dicom or hl7 or fhir)"), g.step, event.AttrKind, "")
	if err != nil {
		return err
	}
	lines := g.lines(counts)
	for _, kind := range []event.Kind{event.KindDICOM, event.KindHL7, event.KindFHIR} {
		l := clinical{Kind: kind.String(), PerMinute: make([]float64, g.n), Total: sum(lines[kind.String()])}
		for i, m := range lines[kind.String()] {
			l.PerMinute[i] = float64(m) / g.step.Minutes()
		}
		n.Clinical = append(n.Clinical, l)
	}
	return nil
}

// interfaces reads the totals by interface.
func (c *Console) interfaces(ctx context.Context, q store.Query, _ grid, n *now) error {
	ports, err := c.ports(ctx, q)
	for _, p := range ports {
		n.Total.Bytes += p.Bytes
		n.Total.Packets += p.Packets
		n.Total.Dropped += p.DroppedKernel + p.DroppedOwn
		n.Total.Flows += p.flows
		if p.Name != "" {
			n.Ports = append(n.Ports, p.Name)
		}
	}
	slices.Sort(n.Ports)
	n.Ports = slices.Compact(n.Ports)
	return err
}

// Conversations are said to be one-sided when there are enough of them, and they are the larger part.
const fewSides = 10

// sides reads where mostly one direction is seen.
func (c *Console) sides(ctx context.Context, q store.Query, _ grid, n *now) error {
	pipes := `stats by ("sensor.interface", "sensor.vlan_uid") sum("sensor.one_sided_flows") one, sum("sensor.two_sided_flows") two | limit 1000`
	rows, err := c.Store.Rows(ctx, and(q, statsSides), pipes, 1000)
	for i := range rows {
		s := oneSided{Interface: rows[i].Value("sensor.interface"), VLAN: number(&rows[i], "sensor.vlan_uid"),
			One: number(&rows[i], "one"), Two: number(&rows[i], "two")}
		if s.One >= fewSides && s.One > s.Two {
			n.OneSided = append(n.OneSided, s)
		}
	}
	slices.SortFunc(n.OneSided, func(a, b oneSided) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.VLAN, b.VLAN))
	})
	return err
}

type talker struct {
	IP       string `json:"ip"`
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
}

// talkerDepth is how many addresses are read of each side. An address that is not among them on one side has little
// there.
const talkerDepth = 500

// talkers tells who sent and received most bytes.
func (c *Console) talkers(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 10, 100)
	if err != nil {
		refuse(w, r, err)
		return
	}
	type talkers struct {
		Talkers []talker `json:"talkers"`
	}
	answer(w, r, func(ctx context.Context) (talkers, error) {
		found := map[string]*talker{}
		for _, side := range []struct{ ip, sent, received string }{
			{event.AttrSrcIP, "traffic.bytes_out", "traffic.bytes_in"}, {event.AttrDstIP, "traffic.bytes_in", "traffic.bytes_out"},
		} {
			pipes := fmt.Sprintf("stats by (%s) sum(%s) o, sum(%s) i | math (o default 0) + (i default 0) as s | sort by (s desc) limit %d",
				strconv.Quote(side.ip), strconv.Quote(side.sent), strconv.Quote(side.received), talkerDepth)
			rows, err := c.Store.Rows(ctx, and(q.Query, "kind:flow "+side.ip+":*"), pipes, talkerDepth)
			if err != nil {
				return talkers{}, err
			}
			for i := range rows {
				ip := rows[i].Value(side.ip)
				if found[ip] == nil {
					found[ip] = &talker{IP: ip}
				}
				found[ip].Sent += number(&rows[i], "o")
				found[ip].Received += number(&rows[i], "i")
			}
		}
		return talkers{loudest(found, q.limit)}, nil
	})
}

func loudest(found map[string]*talker, n int) []talker {
	all := make([]talker, 0, len(found))
	for _, t := range found {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b talker) int {
		return cmp.Or(cmp.Compare(b.Sent+b.Received, a.Sent+a.Received), cmp.Compare(a.IP, b.IP))
	})
	return all[:min(n, len(all))]
}
