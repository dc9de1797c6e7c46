package event

// Stats is what crossed one interface in one interval: one event per application protocol, and one with App
// empty for the totals and the sensor's own state.
type Stats struct {
	Interval      uint64   // nanoseconds that the counts cover
	App           string   // protocol the counts are about; empty: the totals
	Packets       uint64   // packets seen in the interval
	Bytes         uint64   // bytes on the wire
	Messages      uint64   // events of the protocol: requests, messages, associations
	Flows         uint64   // new flows
	Active        uint64   // flows in the table at the end of the interval
	DroppedKernel uint64   // packets the kernel dropped before the sensor
	DroppedOwn    uint64   // packets or events the sensor dropped by itself
	Undecoded     uint64   // packets of no known layering
	Evicted       uint64   // flows ended early because the table was full
	Interface     string   // interface that was watched
	VLAN          uint64   // VLAN the counts are about, on one-sidedness reports
	OneSided      uint64   // flows seen in one direction only although they need both
	Reassembly    uint64   // bytes held for reassembly at the end of the interval
	TwoSided      uint64   // TCP flows seen in both directions, beside OneSided
	Files         uint64   // files that crossed and were told of
	FilesDropped  uint64   // files that were not followed because too many were under way
	FilesCut      uint64   // files that were not unpacked to their end: a limit was reached, or a bomb
	CopiesRefused uint64   // files that were to be kept and were not, for want of room
	Alerts        uint64   // traffic rules that matched and were told
	RulesAsked    uint64   // times that a traffic rule was evaluated
	RulesStopped  uint64   // evaluations that were given up at their limit of steps
	RulesRefused  uint64   // flows, requests and bodies that rules could not look at, for want of room
	AlertsOver    uint64   // alerts that were not told, since a packet had enough of them
	Counters      []string // names of more counters, as EVE's stats record has them; at the end, when EVE is written
	Counts        []string // their values, in the same order
}

func (*Stats) Kind() Kind { return KindStats }
func (p *Stats) fields(c *coder) {
	c.num(1, "interval", &p.Interval)
	c.str(2, "app_name", &p.App)
	c.num(3, "traffic.packets", &p.Packets)
	c.num(4, "traffic.bytes", &p.Bytes)
	c.num(5, "count", &p.Messages)
	c.num(6, "sensor.new_flows", &p.Flows)
	c.num(7, "sensor.active_flows", &p.Active)
	c.num(8, "sensor.kernel_drops", &p.DroppedKernel)
	c.num(9, "sensor.own_drops", &p.DroppedOwn)
	c.num(10, "sensor.undecoded", &p.Undecoded)
	c.num(11, "sensor.evicted_flows", &p.Evicted)
	c.str(12, "sensor.interface", &p.Interface)
	c.num(13, "sensor.vlan_uid", &p.VLAN)
	c.num(14, "sensor.one_sided_flows", &p.OneSided)
	c.num(15, "sensor.reassembly_bytes", &p.Reassembly)
	c.num(16, "sensor.two_sided_flows", &p.TwoSided)
	c.num(19, "sensor.files", &p.Files)
	c.num(20, "sensor.dropped_files", &p.FilesDropped)
	c.num(21, "sensor.cut_files", &p.FilesCut)
	c.num(22, "sensor.refused_copies", &p.CopiesRefused)
	c.num(23, "rules.alerts", &p.Alerts)
	c.num(24, "rules.asked", &p.RulesAsked)
	c.num(25, "rules.stopped", &p.RulesStopped)
	c.num(26, "rules.refused", &p.RulesRefused)
	c.num(27, "rules.alerts_over", &p.AlertsOver)
	c.strs(17, "sensor.counters.name", &p.Counters)
	c.strs(18, "sensor.counters.value", &p.Counts)
}
