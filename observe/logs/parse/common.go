package parse

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"bulwark/event"
)

// common are the fields that the program itself looks at, whatever the format.
type common struct {
	time, message, inner, text, host, app, pid, code, action, outcome, user, severity, priority int32
	product, category, service                                                                  int32
	transport, srcIP, dstIP, srcPort, dstPort                                                   int32
	ends                                                                                        []end
	files                                                                                       []fileNames
	sums                                                                                        []sum
	urlOriginal, urlFull, urlDomain, urlPath, urlQuery, urlScheme, urlPort                      int32
	agent, agentName, agentVersion, agentDevice, agentOS, agentOSVersion                        int32
	hosts, users                                                                                []int32
}

// end is a party of a conversation: its address is an address of IP, or a name.
type end struct{ address, ip, domain int32 }

// sum is what both directions of a conversation make together.
type sum struct{ sent, received, all int32 }

// fileNames are a path and what follows from it.
type fileNames struct{ path, name, dir int32 }

func (c *compiler) common() common {
	s := c.symbol
	m := common{time: s("@timestamp"), message: s("message"), inner: s("_message"), text: s("event.message"), host: s("host.name"), app: s("process.name"), pid: s("process.pid"),
		code: s("event.code"), action: s("event.action"), outcome: s("event.outcome"), user: s("user.name"), severity: s("log.level"), priority: s("_syslog.severity"),
		product: s("log.product"), category: s("log.category"), service: s("log.service"), transport: s("network.transport"),
		srcIP: s("source.ip"), dstIP: s("destination.ip"), srcPort: s("source.port"), dstPort: s("destination.port"),
		urlOriginal: s("url.original"), urlFull: s("url.full"), urlDomain: s("url.domain"), urlPath: s("url.path"), urlQuery: s("url.query"),
		urlScheme: s("url.scheme"), agent: s("user_agent.original"), agentName: s("user_agent.name"), agentVersion: s("user_agent.version"),
		agentDevice: s("user_agent.device.name"), agentOS: s("user_agent.os.name"), agentOSVersion: s("user_agent.os.version"), urlPort: s("url.port")}
	for _, name := range []string{"source", "destination", "client", "server"} {
		m.ends = append(m.ends, end{s(name + ".address"), s(name + ".ip"), s(name + ".domain")})
	}
	for _, name := range []string{"process.executable process.name -", "process.parent.executable process.parent.name -", "file.path file.name file.directory", "dll.path dll.name -"} {
		f := strings.Fields(name)
		m.files = append(m.files, fileNames{s(f[0]), s(f[1]), s(f[2])})
	}
	for _, name := range []string{"bytes", "packets"} {
		m.sums = append(m.sums, sum{s("source." + name), s("destination." + name), s("network." + name)})
	}
	m.hosts = []int32{m.host, s("host.hostname"), s("observer.hostname"), s("observer.name"), s("log.hostname")}
	m.users = []int32{m.user, s("source.user.name"), s("user.id")}
	return m
}

// kinds of fields that hold something else than words.
var kinds = map[string]kind{"@timestamp": instant, "event.start": instant, "event.end": instant, "event.created": instant, "event.ingested": instant,
	"process.start": instant, "process.end": instant, "process.parent.start": instant, "file.created": instant, "file.mtime": instant, "file.accessed": instant,
	"file.ctime": instant, "email.delivery_timestamp": instant, "threat.indicator.first_seen": instant, "threat.indicator.last_seen": instant,
	"http.response.status_code": whole, "http.request.bytes": whole, "http.response.bytes": whole, "url.port": whole, "file.size": whole}

// kindOf is the kind of a field of ECS, by its name.
func kindOf(name string) kind {
	if k, ok := kinds[name]; ok {
		return k
	}
	first, _, _ := strings.Cut(name, ".")
	switch first {
	case "source", "destination", "client", "server":
	default:
		return words
	}
	switch {
	case strings.HasSuffix(name, ".ip"):
		return ip
	case strings.HasSuffix(name, ".port"), strings.HasSuffix(name, ".bytes"), strings.HasSuffix(name, ".packets"):
		return whole
	}
	return words
}

// derive makes the fields that follow from others.
func (r *Reader) derive() {
	m := &r.set.common
	for _, e := range m.ends {
		address, addr, domain := r.made1(e.address), r.made1(e.ip), r.made1(e.domain)
		if short := canonical(address); short != address {
			r.replace(e.address, short)
			address = short
		}
		switch {
		case address == "" && addr != "":
			r.add(e.address, addr)
		case address == "" && domain != "":
			r.add(e.address, domain)
		case address != "" && addr == "" && isIP(address):
			r.add(e.ip, address)
		case address != "" && domain == "" && addr == "" && strings.IndexByte(address, '.') > 0:
			r.add(e.domain, address)
		}
	}
	for _, f := range m.files {
		p := r.made1(f.path)
		if p == "" {
			continue
		}
		if r.made1(f.name) == "" {
			r.add(f.name, base(p))
		}
		if f.dir != r.set.symbols["-"] && r.made1(f.dir) == "" {
			r.add(f.dir, dir(p))
		}
	}
	r.totals()
	r.deriveURL()
	r.agent()
}

// totals adds up both directions, as ECS says of network.bytes and network.packets.
func (r *Reader) totals() {
	for _, s := range r.set.common.sums {
		a, err := strconv.ParseUint(r.made1(s.sent), 10, 63)
		b, err2 := strconv.ParseUint(r.made1(s.received), 10, 63)
		if err == nil && err2 == nil && r.made1(s.all) == "" {
			r.add(s.all, strconv.FormatUint(a+b, 10))
		}
	}
}

// made1 is the first value that the format made of a field.
func (r *Reader) made1(sym int32) string {
	if s := &r.made[sym]; s.turn == r.turn && s.first >= 0 {
		return r.entries[s.first].value
	}
	return ""
}

func (r *Reader) deriveURL() {
	m := &r.set.common
	text := r.made1(m.urlFull)
	if text == "" {
		text = r.made1(m.urlOriginal)
	}
	if text == "" || len(text) > 8192 {
		return
	}
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if u.Scheme != "" && u.Host != "" && r.made1(m.urlFull) == "" {
		r.add(m.urlFull, text)
	}
	if r.made1(m.urlOriginal) == "" {
		r.add(m.urlOriginal, text)
	}
	port := u.Port()
	if u.Host != "" {
		switch {
		case port != "":
		case u.Scheme == "https":
			port = "443"
		case u.Scheme == "http":
			port = "80"
		}
	}
	for _, p := range [...]struct {
		sym   int32
		value string
	}{{m.urlScheme, u.Scheme}, {m.urlDomain, u.Hostname()}, {m.urlPath, u.EscapedPath()}, {m.urlQuery, u.RawQuery}, {m.urlPort, port}} {
		if p.value != "" && r.made1(p.sym) == "" {
			r.add(p.sym, p.value)
		}
	}
}

// fill tells what was understood.
func (r *Reader) fill(f *format, h *event.Header, log *event.Log) {
	m := &r.set.common
	log.Format, log.Product, log.Category, log.Service = f.ID, f.Product, f.category, f.service
	for _, a := range [...]struct {
		to  *string
		sym int32
	}{{&log.Product, m.product}, {&log.Category, m.category}, {&log.Service, m.service}, {&log.Code, m.code}, {&log.Action, m.action},
		{&log.Outcome, m.outcome}, {&log.App, m.app}, {&log.Process, m.pid}} {
		if v := r.made1(a.sym); v != "" {
			*a.to = v
		}
	}
	log.Host = first(r, m.hosts, log.Host)
	log.User = first(r, m.users, log.User)
	log.Severity = severity(r.made1(m.severity), log.Severity)
	if t := r.moment(r.made1(m.time)); !t.IsZero() {
		h.Time = event.Nanos(t)
	}
	h.Src, h.Dst = addr(r.made1(m.srcIP)), addr(r.made1(m.dstIP))
	h.Ports = event.Ports{Src: port(r.made1(m.srcPort)), Dst: port(r.made1(m.dstPort))}
	h.Proto = protocolNumber(r.made1(m.transport))
	r.fields(f, log)
}

func first(r *Reader, of []int32, otherwise string) string {
	for _, sym := range of {
		if v := r.made1(sym); v != "" {
			return v
		}
	}
	return otherwise
}

// fields are those made, and those read that nothing was made of.
func (r *Reader) fields(f *format, log *event.Log) {
	m := &r.set.common
	for i := range r.entries {
		e := &r.entries[i]
		if e.dead || e.name[0] == '_' || e.sym == m.message && int32(i) == r.message || len(log.Fields) >= 2*mostFields {
			continue
		}
		if !e.made && (e.used && !f.keep || f.drop || e.sym >= 0 && r.made1(e.sym) != "") || e.sym == m.product || e.sym == m.category || e.sym == m.service || e.sym == m.time && e.made {
			continue
		}
		log.Fields = append(log.Fields, e.name, e.value)
	}
}

func addr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

func port(s string) uint16 {
	n, _ := strconv.ParseUint(s, 10, 16)
	return uint16(n)
}

// number is the number of a transport protocol.
func protocolNumber(s string) uint8 {
	switch strings.ToLower(s) {
	case "tcp":
		return 6
	case "udp":
		return 17
	case "icmp":
		return 1
	case "ipv6-icmp", "icmp6", "icmpv6":
		return 58
	}
	n, _ := strconv.ParseUint(s, 10, 8)
	return uint8(n)
}

// severity is how bad a level is in the words of events.
func severity(level, otherwise string) string {
	switch strings.ToLower(level) {
	case "emergency", "emerg", "alert", "critical", "crit", "fatal", "panic":
		return "critical"
	case "error", "err", "high", "severe":
		return "high"
	case "warning", "warn", "medium":
		return "medium"
	case "notice", "low":
		return "low"
	case "information", "informational", "info", "debug", "trace", "verbose":
		return "informational"
	}
	return otherwise
}
