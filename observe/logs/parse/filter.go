package parse

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// filter changes values in place, drops or adds some.
type filter func(r *Reader, vals []string) []string

// each makes a filter of a function of one value; false drops it.
func each(f func(r *Reader, v string) (string, bool)) filter {
	return func(r *Reader, vals []string) []string {
		out := vals[:0]
		for _, v := range vals {
			if v, ok := f(r, v); ok && v != "" {
				out = append(out, v)
			}
		}
		return out
	}
}

func plain(f func(string) string) filter {
	return each(func(_ *Reader, v string) (string, bool) { return f(v), true })
}

// filterOf reads a filter with its argument.
func filterOf(s string) (filter, error) {
	name, arg, has := strings.Cut(s, "(")
	arg = strings.TrimSuffix(arg, ")")
	if f := simple[name]; f != nil && !has {
		return f, nil
	}
	if f := withText[name]; f != nil && has {
		return each(func(_ *Reader, v string) (string, bool) { return f(v, arg) }), nil
	}
	switch name {
	case "split":
		return split(arg), nil
	case "scale":
		by, err := strconv.ParseFloat(arg, 64)
		if err != nil {
			return nil, fmt.Errorf("scale of %q: no number", arg)
		}
		return each(func(_ *Reader, v string) (string, bool) { return scale(v, by) }), nil
	case "re":
		re, err := regexp.Compile(arg)
		if err != nil {
			return nil, err
		}
		return each(func(_ *Reader, v string) (string, bool) { return group(re, v) }), nil
	case "all":
		re, err := regexp.Compile(arg)
		if err != nil {
			return nil, err
		}
		return every(re), nil
	}
	return nil, fmt.Errorf("%q is no filter", s)
}

// simple are the filters without argument.
var simple = map[string]filter{
	"lower":    each(func(r *Reader, v string) (string, bool) { return r.lower(v), true }),
	"upper":    plain(strings.ToUpper),
	"trim":     plain(strings.TrimSpace),
	"unquote":  plain(func(v string) string { return strings.Trim(v, `"'`) }),
	"unbrace":  plain(func(v string) string { return strings.Trim(v, "{}[]()<>") }),
	"ip":       each(func(_ *Reader, v string) (string, bool) { return v, isIP(v) }),
	"notip":    each(func(_ *Reader, v string) (string, bool) { return v, !isIP(v) }),
	"int":      each(func(_ *Reader, v string) (string, bool) { return integer(v) }),
	"hexint":   plain(hexint),
	"base":     plain(base),
	"dir":      plain(dir),
	"host":     plain(func(v string) string { h, _ := hostPort(v); return h }),
	"port":     plain(func(v string) string { _, p := hostPort(v); return p }),
	"mac":      plain(mac),
	"user":     plain(func(v string) string { u, _ := account(v); return u }),
	"domain":   plain(func(v string) string { _, d := account(v); return d }),
	"first":    func(_ *Reader, vals []string) []string { return vals[:1] },
	"last":     func(_ *Reader, vals []string) []string { return vals[len(vals)-1:] },
	"base64":   plain(func(v string) string { b, _ := base64.StdEncoding.DecodeString(v); return string(b) }),
	"time":     each(func(r *Reader, v string) (string, bool) { return r.rfc3339(v) }),
	"zero":     each(func(_ *Reader, v string) (string, bool) { return v, v != "0" && v != "0.0.0.0" && v != "::" }),
	"protocol": plain(protocol),
	"unhex":    plain(unhex),
	"labels":   plain(labels),
	"length":   plain(func(v string) string { return strconv.Itoa(utf8.RuneCountInString(v)) }),
	"join": func(r *Reader, vals []string) []string {
		return append(vals[:0], strings.Join(vals, ", "))
	},
}

// withText are the filters with a text as argument.
var withText = map[string]func(v, arg string) (string, bool){
	"before": func(v, arg string) (string, bool) { b, _, _ := strings.Cut(v, arg); return b, true },
	"after":  func(v, arg string) (string, bool) { _, a, ok := strings.Cut(v, arg); return a, ok },
	"afterlast": func(v, arg string) (string, bool) {
		i := strings.LastIndex(v, arg)
		if i < 0 {
			return v, true
		}
		return v[i+len(arg):], true
	},
	"beforelast": func(v, arg string) (string, bool) { i := strings.LastIndex(v, arg); return v[:max(i, 0)], i >= 0 },
	"trimleft":   func(v, arg string) (string, bool) { return strings.TrimPrefix(v, arg), true },
	"trimright":  func(v, arg string) (string, bool) { return strings.TrimSuffix(v, arg), true },
	"with":       func(v, arg string) (string, bool) { return v, strings.Contains(v, arg) },
	"without":    func(v, arg string) (string, bool) { return v, !strings.Contains(v, arg) },
	"not":        func(v, arg string) (string, bool) { return v, v != arg },
	"cut":        func(v, arg string) (string, bool) { return strings.ReplaceAll(v, arg, ""), true },
}

func split(at string) filter {
	return func(r *Reader, vals []string) []string {
		out := r.pieces[:0]
		for _, v := range vals {
			for p := range strings.SplitSeq(v, at) {
				if p = strings.TrimSpace(p); p != "" && len(out) < mostValues {
					out = append(out, p)
				}
			}
		}
		r.pieces = out[:0]
		return append(vals[:0], out...)
	}
}

func scale(v string, by float64) (string, bool) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return "", false
	}
	return strconv.FormatFloat(f*by, 'f', -1, 64), true
}

// every makes a value of each place where the expression matches.
func every(re *regexp.Regexp) filter {
	return func(r *Reader, vals []string) []string {
		out := r.pieces[:0]
		for _, v := range vals {
			for _, at := range re.FindAllStringIndex(v, mostValues) {
				if p, ok := group(re, v[at[0]:at[1]]); ok && p != "" && len(out) < mostValues {
					out = append(out, p)
				}
			}
		}
		r.pieces = out[:0]
		return append(vals[:0], out...)
	}
}

// group is the first group that matched, or all of the match where there is none.
func group(re *regexp.Regexp, v string) (string, bool) {
	at := re.FindStringSubmatchIndex(v)
	if at == nil {
		return "", false
	}
	for i := 2; i+1 < len(at); i += 2 {
		if at[i] >= 0 {
			return v[at[i]:at[i+1]], true
		}
	}
	return v[at[0]:at[1]], len(at) == 2
}

func isIP(v string) bool {
	_, err := netip.ParseAddr(v)
	return err == nil
}

// canonical is an address of IPv6 in its one form (RFC 5952); anything else is as it is.
func canonical(v string) string {
	if strings.IndexByte(v, ':') < 0 {
		return v
	}
	a, err := netip.ParseAddr(v)
	if err != nil || !a.Is6() {
		return v
	}
	return a.String()
}

// integer is a whole number, of which a fraction is cut off.
func integer(v string) (string, bool) {
	whole, _, _ := strings.Cut(v, ".")
	_, err := strconv.ParseInt(whole, 10, 64)
	return whole, err == nil
}

func hexint(v string) string {
	n, err := strconv.ParseInt(v, 0, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func base(v string) string { return v[strings.LastIndexAny(v, `/\`)+1:] }

func dir(v string) string {
	i := strings.LastIndexAny(v, `/\`)
	if i < 0 {
		return ""
	}
	return v[:max(i, 1)]
}

// hostPort takes "host:port", "[v6]:port", "host/port", "host#port" and "v6.port" apart.
func hostPort(v string) (host, port string) {
	if rest, ok := strings.CutPrefix(v, "["); ok {
		host, port, _ = strings.Cut(rest, "]")
		return host, strings.TrimLeft(port, ":")
	}
	if isIP(v) {
		return v, ""
	}
	i := strings.LastIndexAny(v, ":#/")
	if i < 0 {
		return v, ""
	}
	if _, err := strconv.ParseUint(v[i+1:], 10, 16); err != nil {
		return v, ""
	}
	return v[:i], v[i+1:]
}

// mac is an address of a link as ECS writes none but logs do: as it is, with colons.
func mac(v string) string {
	v = strings.NewReplacer("-", ":", ".", "").Replace(v)
	if len(v) == 12 && !strings.Contains(v, ":") {
		return v[:2] + ":" + v[2:4] + ":" + v[4:6] + ":" + v[6:8] + ":" + v[8:10] + ":" + v[10:]
	}
	return v
}

// account takes DOMAIN\user and user@domain apart.
func account(v string) (user, domain string) {
	if d, u, ok := strings.Cut(v, `\`); ok {
		return strings.TrimLeft(u, `\`), d
	}
	if u, d, ok := strings.Cut(v, "@"); ok {
		return u, d
	}
	return v, ""
}

// protocol is the name of a number of IANA.
func protocol(v string) string {
	if name := protocols[v]; name != "" {
		return name
	}
	return strings.ToLower(v)
}

var protocols = map[string]string{"1": "icmp", "2": "igmp", "4": "ipip", "6": "tcp", "17": "udp", "41": "ipv6", "47": "gre",
	"50": "esp", "51": "ah", "58": "ipv6-icmp", "88": "eigrp", "89": "ospf", "112": "vrrp", "132": "sctp"}

// labels is the name of a domain of its labels with their lengths before them: (3)www(7)example(3)org(0).
func labels(v string) string {
	var b strings.Builder
	for v != "" {
		_, rest, ok := strings.Cut(v, ")")
		if !ok {
			break
		}
		label, _, _ := strings.Cut(rest, "(")
		if b.Len() > 0 && label != "" {
			b.WriteByte('.')
		}
		b.WriteString(label)
		v = rest[len(label):]
	}
	return b.String()
}

// unhex is the text of hexadecimal digits; v itself where it is none.
func unhex(v string) string {
	b, err := hex.DecodeString(v)
	if err != nil || len(b) == 0 {
		return v
	}
	for i, c := range b {
		if c == 0 {
			b[i] = ' '
		}
	}
	return string(b)
}
