package engine

import (
	"bulwark/event"
	"bulwark/wire"
)

// recordSources are the fields of what is told of conversations.
var recordSources = withNames(map[string]*source{
	"dns.query": text(wire.ToServer, func(p *event.DNS) string {
		if p.Activity != "Query" {
			return ""
		}
		return p.Hostname
	}),
	"dns.queries.rrname": text(wire.Either, func(p *event.DNS) string { return p.Hostname }),
	"dns.answers.rrname": list(wire.ToClient, func(p *event.DNS) []string { return p.AnswerNames }),
	"dns.opcode":         number(wire.Either, func(p *event.DNS) uint64 { return p.Opcode }),

	"tls.sni":          text(wire.ToServer, func(p *event.TLS) string { return p.SNI }),
	"tls.cert_subject": text(wire.ToClient, func(p *event.TLS) string { return p.Subject }),
	"tls.cert_issuer":  text(wire.ToClient, func(p *event.TLS) string { return p.Issuer }),
	"tls.alpn":         list(wire.ToServer, func(p *event.TLS) []string { return p.ClientALPN }),
	"ja3.hash":         text(wire.ToServer, func(p *event.TLS) string { return p.JA3 }),
	"ja3.string":       text(wire.ToServer, func(p *event.TLS) string { return p.JA3Text }),
	"ja3s.hash":        text(wire.ToClient, func(p *event.TLS) string { return p.JA3S }),
	"ja3s.string":      text(wire.ToClient, func(p *event.TLS) string { return p.JA3SText }),
	"ja4.hash":         text(wire.ToServer, func(p *event.TLS) string { return p.JA4 }),
})

// text is a source of one text of a record; where it is empty there is none.
func text[P event.Payload](dir wire.Dir, get func(P) string) *source {
	return &source{dir: dir, record: kindOf[P](), texts: func(p event.Payload, each func(string) bool) {
		if v := get(p.(P)); v != "" {
			each(v)
		}
	}}
}

// list is a source of several texts of a record.
func list[P event.Payload](dir wire.Dir, get func(P) []string) *source {
	return &source{dir: dir, record: kindOf[P](), texts: func(p event.Payload, each func(string) bool) {
		for _, v := range get(p.(P)) {
			if !each(v) {
				return
			}
		}
	}}
}

// number is a source of a number of a record.
func number[P event.Payload](dir wire.Dir, get func(P) uint64) *source {
	return &source{dir: dir, record: kindOf[P](), values: func(p event.Payload, each func(uint64) bool) { each(get(p.(P))) }}
}

func kindOf[P event.Payload]() event.Kind {
	var p P
	return p.Kind()
}
