package verify

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"bulwark/event/eve"
)

// Options are the choices of the test's suricata.yaml and environment about EVE, as far as Bulwark has them.
func (t *Test) Options() eve.Options {
	var o eve.Options
	o.Ends = true
	o.Inline = slices.Contains(t.Args, "stream.inline=true") || strings.Contains(t.Name, "ips") // its runner takes such names for --simulate-ips
	o.Begun, o.Answered = !truth(t.setting("stream", "midstream")), !truth(t.setting("stream", "async-oneside"))
	if o.Midstream = strings.ReplaceAll(value(t.setting("stream", "midstream-policy")), "-", "_"); o.Midstream == "" || o.Midstream == "auto" {
		o.Midstream = "ignore"
	}
	o.PassMiddle = o.Midstream == "pass_flow"
	o.DNS2 = t.Env["SURICATA_EVE_DNS_VERSION"] == "2"
	o.Passwords = true
	o.Anomalies = []string{"applayer"} // what Suricata's own configuration writes
	o.ShortDHCP = true
	if t.Config == nil {
		return o
	}
	t.mailOptions(&o)
	o.Off = off(mapping(mapping(t.Config, "app-layer"), "protocols"))
	o.FTPLine = int(number(mapping(mapping(mapping(mapping(t.Config, "app-layer"), "protocols"), "ftp"), "max-line-length")))
	o.DNP3Objects = int(number(mapping(mapping(mapping(mapping(t.Config, "app-layer"), "protocols"), "dnp3"), "max-objects")))
	o.MQTTLength = int(number(mapping(mapping(mapping(mapping(t.Config, "app-layer"), "protocols"), "mqtt"), "max-msg-length")))
	if store := mapping(mapping(t.Config, "outputs"), "file-store"); truth(mapping(store, "enabled")) {
		o.Hashes = append(list(mapping(store, "force-hash")), "sha256") // by which it names what it keeps
	}
	logs := mapping(mapping(t.Config, "outputs"), "eve-log")
	types := mapping(logs, "types")
	if types == nil {
		return o
	}
	o.NoNotes = refused(mapping(logs, "metadata"))
	o.ShortIPv6 = truth(mapping(logs, "ipv6-compress"))
	o.Ethernet = truth(mapping(logs, "ethernet"))
	seed, _ := strconv.ParseUint(value(mapping(logs, "community-id-seed")), 10, 16) // none is 0
	o.Seed = uint16(seed)
	for _, item := range types.Content {
		name, settings := item.Value, (*yaml.Node)(nil)
		if item.Kind == yaml.MappingNode && len(item.Content) > 1 {
			name, settings = item.Content[0].Value, item.Content[1]
		}
		if value(mapping(settings, "enabled")) == "no" {
			continue
		}
		o.Types = append(o.Types, eventTypes(name)...)
		choose(&o, name, settings)
	}
	return o
}

// setting is what a key is set to, by an argument or in the configuration; nil: nothing is said.
func (t *Test) setting(path ...string) *yaml.Node {
	name := strings.Join(path, ".") + "="
	for _, a := range t.Args {
		if v, ok := strings.CutPrefix(strings.TrimPrefix(a, "--set="), name); ok {
			return text(v)
		}
	}
	n := t.Config
	for _, key := range path {
		n = mapping(n, key)
	}
	return n
}

// Filter is which packets Suricata would read: the words of its command line that belong to no option.
func (t *Test) Filter() string {
	var words []string
	for i := 0; i < len(t.Args); i++ {
		switch a := t.Args[i]; {
		case strings.HasPrefix(a, "--") && !strings.Contains(a, "=") && slices.Contains([]string{"--set", "--runmode", "--pcap-file"}, a), len(a) == 2 && a[0] == '-' && strings.Contains("cdiklrsFS", a[1:]):
			i++ // its value
		case !strings.HasPrefix(a, "-"):
			words = append(words, a)
		}
	}
	return strings.Join(words, " ")
}

// Vars are the variables of rules that the test's suricata.yaml sets: addresses and ports, by name.
func (t *Test) Vars() (addresses, ports map[string]string) {
	return scalars(mapping(mapping(t.Config, "vars"), "address-groups")), scalars(mapping(mapping(t.Config, "vars"), "port-groups"))
}

// Reputations are the files with reputations that the test's arguments or its suricata.yaml name, and what they are called
// beside rules.
func (t *Test) Reputations() map[string]string {
	all := map[string]string{}
	note := func(key, file string) {
		switch name := path.Base(file); {
		case file == "":
		case key == "reputation-categories-file":
			all[name] = "categories.txt"
		case strings.HasPrefix(key, "reputation-files"):
			all[name] = "reputation-" + name
		}
	}
	for _, a := range t.Args {
		key, file, _ := strings.Cut(a, "=")
		note(key, file)
	}
	note("reputation-categories-file", value(mapping(t.Config, "reputation-categories-file")))
	for _, file := range list(mapping(t.Config, "reputation-files")) {
		note("reputation-files", file)
	}
	return all
}

// AlertMax is how many alerts of a packet are told; 0: as usual.
func (t *Test) AlertMax() int {
	for _, a := range t.Args {
		if n, ok := strings.CutPrefix(a, "packet-alert-max="); ok {
			return int(number(text(n)))
		}
	}
	return int(number(mapping(t.Config, "packet-alert-max")))
}

// Order is which actions of rules come first; empty: as usual.
func (t *Test) Order() []string { return list(mapping(t.Config, "action-order")) }

func scalars(n *yaml.Node) map[string]string {
	m := map[string]string{}
	if n == nil {
		return m
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		m[n.Content[i].Value] = n.Content[i+1].Value
	}
	return m
}

// eventTypes are the types of the records of a logger.
func eventTypes(logger string) []string {
	switch logger {
	case "files":
		return []string{"fileinfo"}
	case "ftp":
		return []string{"ftp", "ftp_data"}
	case "http2":
		return []string{"http"}
	case "doh2":
		return []string{"http", "dns"}
	}
	return []string{logger}
}

func choose(o *eve.Options, logger string, s *yaml.Node) {
	switch logger {
	case "dhcp":
		o.ShortDHCP = !truth(mapping(s, "extended"))
	case "dns":
		o.DNS2 = value(mapping(s, "version")) == "2"
		o.NoDNSRequests = refused(mapping(s, "requests")) || refused(mapping(s, "query"))
		o.NoDNSResponses = refused(mapping(s, "responses")) || refused(mapping(s, "answer"))
		o.DNSTypes = list(mapping(s, "types"))
		if formats := list(mapping(s, "formats")); len(formats) > 0 {
			o.NoDNSDetails, o.NoDNSGroups = !slices.Contains(formats, "detailed"), !slices.Contains(formats, "grouped")
		}
	case "tls":
		custom := list(mapping(s, "custom"))
		o.Hellos = slices.Contains(custom, "client_handshake") || slices.Contains(custom, "server_handshake")
	case "mqtt":
		o.MQTTText = int(number(mapping(s, "string-log-limit")))
	case "metadata":
		o.Noted = true
	case "alert":
		if o.Tagged = truth(mapping(s, "tagged-packets")); o.Tagged {
			o.Types = append(o.Types, "packet")
		}
		o.Verdict = truth(mapping(s, "verdict"))
		o.Payloads, o.Packets = truth(mapping(s, "payload")), truth(mapping(s, "packet"))
		o.References = truth(mapping(mapping(mapping(s, "metadata"), "rule"), "reference"))
		if x := mapping(s, "xff"); truth(mapping(x, "enabled")) {
			o.XFF, o.XFFReverse = value(mapping(x, "mode")), value(mapping(x, "deployment")) != "forward"
		}
	case "anomaly":
		kinds := mapping(s, "types")
		o.Anomalies = nil
		for kind, usual := range map[string]bool{"decode": kinds == nil && s == nil, "stream": kinds == nil && s == nil, "applayer": true} {
			if v := mapping(kinds, kind); v != nil && truth(v) || v == nil && usual {
				o.Anomalies = append(o.Anomalies, kind)
			}
		}
	case "stats":
		o.NoZeros = refused(mapping(s, "null-values"))
	case "files":
		o.Hashes = append(o.Hashes, list(mapping(s, "force-hash"))...)
	case "smtp":
		o.Mail = truth(mapping(s, "extended"))
		o.MailFields, o.MailDigests = list(mapping(s, "custom")), list(mapping(s, "md5"))
	case "http":
		o.Headers = value(mapping(s, "dump-all-headers")) != ""
	}
}

// mailOptions reads what the decoder of messages is told to look for.
func (t *Test) mailOptions(o *eve.Options) {
	m := mapping(mapping(mapping(mapping(t.Config, "app-layer"), "protocols"), "smtp"), "mime")
	o.NoBodyMD5 = refused(mapping(m, "body-md5"))
	o.URLSchemes, o.FullURLs = list(mapping(m, "extract-urls-schemes")), truth(mapping(m, "log-url-scheme"))
	o.NoURLs = refused(mapping(m, "extract-urls"))
}

func list(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, c.Value)
	}
	return all
}

func value(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// number is a size with or without a unit; 0 where there is none.
func number(n *yaml.Node) uint64 {
	text := strings.ToLower(strings.TrimSpace(value(n)))
	shift := 0
	for i, unit := range []string{"kb", "mb", "gb"} {
		if v, ok := strings.CutSuffix(text, unit); ok {
			text, shift = strings.TrimSpace(v), 10*(i+1)
		}
	}
	v, _ := strconv.ParseUint(text, 10, 32)
	return v << shift
}

func truth(n *yaml.Node) bool {
	switch strings.ToLower(value(n)) {
	case "yes", "true", "on", "1":
		return true
	}
	return false
}

func refused(n *yaml.Node) bool { return value(n) != "" && !truth(n) }

// mapping is the value of a key; of a list of mappings the first that has it.
func mapping(n *yaml.Node, key string) *yaml.Node {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			if v := mapping(c, key); v != nil {
				return v
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// off are the protocols that are switched off, over one transport or both.
func off(protocols *yaml.Node) []string {
	var all []string
	if protocols == nil {
		return nil
	}
	for i := 0; i+1 < len(protocols.Content); i += 2 {
		name, p := protocols.Content[i].Value, protocols.Content[i+1]
		for _, transport := range []string{"tcp", "udp"} {
			switch own := mapping(mapping(p, transport), "enabled"); {
			case own != nil && refused(own), own == nil && refused(mapping(p, "enabled")) && value(mapping(p, "enabled")) != "detection-only":
				all = append(all, name+"/"+transport)
			}
		}
	}
	return all
}
