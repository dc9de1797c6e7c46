package engine

import (
	"bytes"
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ftp"
	"bulwark/wire/packet"
)

// ftpApp is a control connection of FTP.
type ftpApp struct {
	conv   ftp.Conversation
	user   []byte    // who has signed on
	agreed *transfer // the data connection that was agreed on last, and carries nothing yet
	at
}

// transfer is what a data connection carries. The control connection fills it, the data connection reads it: they
// meet on one worker.
type transfer struct {
	command, name, user []byte
	listing, passive    bool
	control             uint64 // flow of the control connection
	holders             int    // of the control connection, and the expectation or the data connection
	used                int
	room                [112]byte // of the texts, as long as it is enough
}

// letGo takes a transfer back from one that held it.
func (w *Worker) letGo(t *transfer) {
	if t == nil {
		return
	}
	if t.holders--; t.holders == 0 {
		*t = transfer{}
		w.transfers.Give(t)
	}
}

func (t *transfer) forgone(w *Worker) { w.letGo(t) }

// keep copies a text.
func (t *transfer) keep(p []byte) []byte {
	if len(p) > len(t.room)-t.used {
		return bytes.Clone(p)
	}
	at := t.used
	t.used += copy(t.room[at:], p)
	return t.room[at:t.used:t.used]
}

// maxPath is how many bytes of a path are kept for the data connection.
const maxPath = 4 << 10

func (a *ftpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.MaxLine = w.opt.Records.FTPLine
	done, need, err := a.conv.Decode(dir, p, a)
	if a.conv.TooMany {
		a.conv.TooMany = false
		w.appAnomaly(f, "too_many_transactions")
	}
	if errors.Is(err, ftp.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *ftpApp) furnish(w *Worker)             { a.conv.Space, a.conv.Exchanges = &w.space, &w.ftp }
func (a *ftpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *ftpApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	a.conv.Close(a)
	w.letGo(a.agreed)
	a.agreed = nil
}
func (a *ftpApp) reset() { a.conv.Reset(); a.user, a.at = a.user[:0], at{} }

// Agreed expects the data connection. One that an address behind a translator is named for is expected at the end that
// listens; one that goes to somebody else is not: that is told by its command.
func (a *ftpApp) Agreed(x *ftp.Exchange) {
	listener := wire.ToServer // who sends to the server
	if x.Passive {
		listener = wire.ToClient
	}
	a.w.letGo(a.agreed)
	a.agreed = a.w.transfers.Take()
	a.agreed.passive, a.agreed.control, a.agreed.holders = x.Passive, a.f.id, 2
	a.agreed.user = a.agreed.keep(a.user)
	a.w.expect(a.f, a.f.origin^end(listener), x.Port, FTPData, a.agreed)
}

// Transfer notes what the data connection carries.
func (a *ftpApp) Transfer(t *ftp.Transfer) {
	if a.agreed == nil { // RFC 959 §5.2: the server connects to the port of the control connection
		a.Agreed(&ftp.Exchange{Port: a.port(a.f.origin)})
	}
	a.agreed.command = a.agreed.keep(t.Command)
	a.agreed.name = a.agreed.keep(t.Name[:min(len(t.Name), maxPath)])
	a.agreed.listing = t.Listing
	a.w.letGo(a.agreed)
	a.agreed = nil
}

// port is the port of an end.
func (a *ftpApp) port(e end) uint16 {
	if e == low {
		return uint16(a.f.key.ports)
	}
	return uint16(a.f.key.ports >> 16)
}

// SignOn tells an attempt to sign on.
func (a *ftpApp) SignOn(s *ftp.SignOn) {
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(s.User), Protocol: "FTP", Service: "ftp", Cleartext: s.Password && !s.Anonymous, Outcome: "success"}
	if s.Granted {
		a.user = a.w.space.Append(a.user[:0], s.User)
	} else {
		e.Outcome, e.Reason = "failure", event.View(s.Reply)
	}
	a.w.emit(a.f, e)
}

// Exchange tells a command with its replies.
func (a *ftpApp) Exchange(x *ftp.Exchange) {
	w, e := a.w, &a.w.out.ftp
	a.asset(x)
	if !w.opt.EVE && prepares(x) && !a.bounces(x) {
		return
	}
	t := texts{buf: w.out.text[:0]}
	*e = event.FTP{TxID: uint64(x.Number), Command: event.View(x.Command), Data: a.data(&t, x), Codes: e.Codes[:0], Replies: e.Replies[:0],
		Code: uint64(x.Code), Done: x.Done, User: event.View(a.user), Port: uint64(x.Port), Truncated: x.Truncated, Cut: x.Cut,
		TLS: string(x.Command) == "AUTH" && (x.Code == 234 || x.Code == 334)}
	if x.Done && len(x.Command) > 0 {
		e.Latency = a.took()
	}
	if x.Port != 0 {
		e.Mode = "active"
		if x.Passive {
			e.Mode = "passive"
		}
		if a.bounces(x) {
			e.Address = t.addr(x.Addr)
		}
	}
	for _, c := range x.Codes {
		e.Codes = append(e.Codes, event.View(c))
	}
	for _, r := range x.Replies {
		e.Replies = append(e.Replies, t.masked(w, r))
	}
	w.out.text = t.buf
	w.emit(a.f, e)
}

// bounces reports whether a data connection is to go to a third address: by mistake, behind a translator, or to reach
// what the client cannot (RFC 2577 §3).
func (a *ftpApp) bounces(x *ftp.Exchange) bool {
	_, here := a.f.endAt(x.Addr)
	return x.Addr.IsValid() && !here
}

// data is what follows a command. A password is none where everybody has it.
func (a *ftpApp) data(t *texts, x *ftp.Exchange) string {
	switch string(x.Command) {
	case "PASS", "ACCT":
		if a.conv.Anonymous() || a.w.opt.Records.Passwords {
			return event.View(x.Data)
		}
		return maskedSecret
	case "ADAT", "AUTH", "USER":
		return event.View(x.Data)
	}
	return t.masked(a.w, x.Data)
}

// prepares reports whether an exchange only prepares another, or asks what changes nothing, and went well.
func prepares(x *ftp.Exchange) bool {
	if x.Code >= 400 || x.Truncated {
		return false
	}
	switch string(x.Command) {
	case "", "USER", "PASS", "TYPE", "MODE", "STRU", "PORT", "EPRT", "LPRT", "PASV", "EPSV", "LPSV", "NOOP", "PWD", "XPWD", "CWD", "XCWD",
		"CDUP", "SYST", "FEAT", "OPTS", "HELP", "STAT", "ALLO", "REST", "SIZE", "MDTM", "PBSZ", "PROT", "CLNT", "QUIT":
		return true
	}
	return false
}

// asset tells which programs serve and ask.
func (a *ftpApp) asset(x *ftp.Exchange) {
	o := &a.w.out.asset
	switch {
	case x.Number == 1 && len(x.Command) == 0 && x.Code == 220 && len(x.Replies) > 0:
		*o = event.Asset{Software: event.View(bytes.Trim(x.Replies[0], "() ")), Role: "ftp server", Source: "ftp"}
		a.w.tellAssetOf(a.f, wire.ToClient, o)
	case string(x.Command) == "CLNT" && len(x.Data) > 0:
		*o = event.Asset{Software: event.View(x.Data), Source: "ftp"}
		a.w.tellAssetOf(a.f, wire.ToServer, o)
	}
}

// ftpDataApp is a data connection of FTP.
type ftpDataApp struct {
	about *transfer
	file  carried
	size  uint64
	from  wire.Dir // who sends
	at
}

func (a *ftpDataApp) expected(n note) { a.about = n.(*transfer) }

// decode takes bytes of the file. Which one it is was asked for before they came.
func (a *ftpDataApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	if a.size == 0 && !a.file.isOpen() {
		a.from = dir
		if t := a.about; !t.listing {
			a.file.open(w, f, dir, fileFacts{App: "ftp-data", Name: t.name})
		}
	}
	if dir == a.from {
		a.size += uint64(len(p))
		a.file.write(p)
	}
	return len(p), 0, nil
}

func (a *ftpDataApp) gap(dir wire.Dir, n int) error {
	if dir == a.from {
		a.file.gap(n)
	}
	return nil
}

// close tells the transfer: it is whole when its sender has ended it.
func (a *ftpDataApp) close(w *Worker, f *flow) {
	t := a.about
	defer w.letGo(t)
	w.look.beside = a.fill(w, t)
	a.file.close(f.flags[a.from]&packet.FIN != 0 && (f.flags[0]|f.flags[1])&packet.RST == 0)
	a.about, w.look.beside = nil, nil
	if a.size == 0 && t.command == nil {
		return
	}
	w.emit(f, a.fill(w, t))
}

// known is the transfer under way.
func (a *ftpDataApp) known() event.Payload {
	if a.about == nil || a.w == nil {
		return nil
	}
	return a.fill(a.w, a.about)
}

func (a *ftpDataApp) fill(w *Worker, t *transfer) *event.FTPData {
	x := texts{buf: w.out.text[:0]}
	w.out.ftpData = event.FTPData{Command: event.View(t.command), Name: x.masked(w, t.name), User: event.View(t.user), Size: a.size,
		Mode: "active", Control: t.control}
	if t.passive {
		w.out.ftpData.Mode = "passive"
	}
	w.out.text = x.buf
	return &w.out.ftpData
}
func (a *ftpDataApp) reset() {
	a.file.reset()
	*a = ftpDataApp{}
}

// expectedOnly is the probe of a protocol that only an agreement tells.
func expectedOnly([]byte) (wire.Match, wire.Dir) { return wire.No, wire.Either }
