package logs

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

var (
	// ErrNoLine means that there is no sealed line of an event of that id.
	ErrNoLine = errors.New("logs: no sealed line of such an event")
	// ErrReason means that a line is not opened without a reason.
	ErrReason = errors.New("logs: a reason of 1 to 500 bytes is needed")
)

// Lines are the events that are kept.
type Lines interface {
	// Line is the attributes of an event of a log, by their names; false: there is none of that id.
	Line(ctx context.Context, id string) (value func(attribute string) string, ok bool, err error)
}

// OpenLine is a line that nobody understood, as it came. That it was opened is in the ledger before anybody reads it.
func (l *Logs) OpenLine(ctx context.Context, actor, id, reason string) ([]byte, error) {
	if l.needs.Lines == nil {
		return nil, ErrNoLine
	}
	value, ok, err := l.needs.Lines.Line(ctx, id)
	if err != nil {
		return nil, err
	}
	if !ok || value("log.sealed") == "" {
		return nil, ErrNoLine
	}
	detail := map[string]string{"source": value("log.source")}
	if reason != "" {
		detail["reason"] = reason
	}
	if _, err := l.needs.Ledger.Record(ctx, ledger.Entry{Actor: actor, Act: "logs.open", Object: "event:" + id, Outcome: ledger.Done, Detail: detail}); err != nil {
		return nil, err
	}
	return Open(l.needs.Seal, Pieces(value)...)
}

// line opens a sealed line for somebody who says why.
func (d *Doors) line(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reason string `json:"reason"`
	}
	actor, err := d.actor(r)
	if err == nil {
		err = web.ReadJSON(r, &in)
	}
	if in.Reason = strings.TrimSpace(in.Reason); err == nil && (in.Reason == "" || len(in.Reason) > 500) {
		err = ErrReason
	}
	var line []byte
	if err == nil {
		line, err = d.l.OpenLine(r.Context(), actor, r.PathValue("id"), in.Reason)
	}
	d.answer(w, r, err, func() any { return map[string]string{"line": strings.ToValidUTF8(string(line), "\uFFFD")} })
}
