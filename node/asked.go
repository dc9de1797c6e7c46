package node

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"time"

	"bulwark/decide/safety"
	"bulwark/platform/store"
)

// SignedOn are the addresses from which somebody signed on, however the domain was written: as the sensor saw it, or as logs tell of
// whose sender it is known who it is. Anybody can send a line of syslog that says where somebody is.
func (f interlockFlows) SignedOn(ctx context.Context, user string, from, to time.Time) (at []netip.Addr, err error) {
	if f.n.store == nil {
		return nil, errors.New("no events are kept here")
	}
	name := ":~" + strconv.Quote(`(?i)^(.*\\)?`+regexp.QuoteMeta(accountName(user))+`(@.*)?$`)
	top, err := f.n.store.Top(ctx, store.Query{Text: `kind:auth -status:failure user.name` + name +
		` or kind:log -(log.intake:syslog log.sender_name:"") (log.product:windows metadata.event_code:4624 TargetUserName` + name +
		` or status:success event.category:authentication field.user.name` + name + `)`, From: from, To: to}, "src_endpoint.ip", "", mostFlows)
	for _, t := range top {
		if a, err := netip.ParseAddr(t.Value); err == nil {
			at = append(at, a.Unmap())
		}
	}
	return at, err
}

var domains = regexp.MustCompile(`^.*\\|@.*$`)

// accountName is the name of an account without its domain.
func accountName(user string) string { return domains.ReplaceAllString(user, "") }

// Asked are who asked for a name or one below it, the question of each as a conversation with whom it was put to. Capitals do not
// matter, which no index helps with: where there is too much to look at in time a person decides.
func (f interlockFlows) Asked(ctx context.Context, domain string, from, to time.Time) (all []safety.Flow, more bool, err error) {
	if f.n.store == nil {
		return nil, false, errors.New("no events are kept here")
	}
	rows, err := f.n.store.Rows(ctx, store.Query{Text: "kind:dns query.hostname:~" + strconv.Quote(`(?i)(^|\.)`+regexp.QuoteMeta(domain)+`\.?$`), From: from, To: to},
		`stats by ("src_endpoint.ip", "dst_endpoint.ip", "connection_info.protocol_name", "dst_endpoint.port") count() n, max(_time) last`, mostFlows+1)
	for i := range rows {
		if x, ok := conversationOf(&rows[i]); ok {
			x.App = "dns"
			all = append(all, x)
		}
	}
	return all, len(rows) > mostFlows, err
}
