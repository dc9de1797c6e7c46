package engine

import (
	"bytes"
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/mysql"
	"bulwark/wire/sql"
)

// mysqlApp is a connection to a MySQL or MariaDB server.
type mysqlApp struct {
	conv     mysql.Conversation
	user, db []byte
	at
}

func (a *mysqlApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, mysql.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *mysqlApp) furnish(w *Worker)             { a.conv.Space = &w.space }
func (a *mysqlApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *mysqlApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *mysqlApp) reset() {
	a.conv.Reset()
	a.user, a.db, a.at = a.user[:0], a.db[:0], at{}
}

// Login takes a sign-on.
func (a *mysqlApp) Login(l *mysql.Login) {
	w, e := a.w, &a.w.out.mysql
	t := texts{buf: w.out.text[:0]}
	a.user, a.db = append(a.user[:0], l.User...), append(a.db[:0], l.Database...)
	*e = event.MySQL{Activity: "login", Server: mysqlVersion(l.Server), Thread: uint64(l.Thread), User: event.View(l.User), Database: event.View(l.Database),
		Plugin: event.View(l.Plugin), Program: event.View(l.Program), Driver: event.View(l.Driver), OS: event.View(l.OS), TLS: l.Asked && !l.Decided && len(l.User) == 0,
		Code: uint64(l.Code), State: event.View(l.State), Message: t.statement(l.Message, sql.MySQL), Cleartext: l.Asked && mysqlClear(l.Plugin), Packed: l.Packed}
	if l.Changes {
		e.Activity = "change_user"
	}
	if l.Decided {
		e.Accepted = map[bool]string{true: "true", false: "false"}[l.Accepted]
		e.Answered = true
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	a.signOn(l)
	a.assets(l, e)
}

// assets tells what a sign-on names of the server and of the client.
func (a *mysqlApp) assets(l *mysql.Login, e *event.MySQL) {
	w := a.w
	if e.Server != "" {
		w.out.asset = event.Asset{Software: e.Server, Vendor: "MySQL", Role: "database server", Source: "mysql"}
		if bytes.Contains(l.Server, mariaDB) {
			w.out.asset.Vendor = "MariaDB"
		}
		w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
	}
	if program := either(e.Program, e.Driver); program != "" {
		w.out.asset = event.Asset{Software: program, Role: "database client", Source: "mysql"}
		w.tellAssetOf(a.f, wire.ToServer, &w.out.asset)
	}
}

var mariaDB = []byte("MariaDB")

// mysqlVersion is the version of a server without what MariaDB puts before its own, for clients that know no version above 5.
func mysqlVersion(v []byte) string {
	if bytes.Contains(v, mariaDB) {
		v = bytes.TrimPrefix(v, []byte("5.5.5-"))
	}
	return event.View(v)
}

// mysqlClear reports whether a plugin of the client sends the password as it is.
func mysqlClear(plugin []byte) bool {
	return string(plugin) == "mysql_clear_password" || string(plugin) == "dialog"
}

// signOn reports a sign-on that was decided.
func (a *mysqlApp) signOn(l *mysql.Login) {
	if !l.Decided || !l.Asked {
		return
	}
	o := &a.w.out.auth
	*o = event.Auth{User: event.View(l.User), Domain: event.View(l.Database), Protocol: either(event.View(l.Plugin), "mysql"), Service: "mysql",
		Cleartext: a.w.out.mysql.Cleartext, Outcome: "success"}
	if !l.Accepted {
		o.Outcome, o.Reason = "failure", event.View(l.State)
	}
	a.w.emit(a.f, o)
}

// Command takes a command with its answer. Those that only keep a connection alive or end it are not told.
func (a *mysqlApp) Command(c *mysql.Command) {
	name := c.Name()
	if name == "" {
		return
	}
	w, e := a.w, &a.w.out.mysql
	t := texts{buf: w.out.text[:0]}
	*e = event.MySQL{Activity: name, User: event.View(a.user), Database: event.View(a.db), Answered: c.Answered, Affected: c.Affected, Columns: c.Columns,
		Rows: c.Rows, RowBytes: c.RowBytes, Results: c.Results, Code: uint64(c.Error), State: event.View(c.State), Message: t.statement(c.Message, sql.MySQL),
		File: t.masked(w, c.File), FileBytes: c.Sent}
	switch c.Code {
	case mysql.InitDB:
		if c.OK {
			a.db = append(a.db[:0], c.Statement...)
		}
		e.Database = event.View(c.Statement)
	case mysql.CreateDB, mysql.DropDB:
		e.Database = event.View(c.Statement)
	default:
		e.Statement = t.statement(c.Statement, sql.MySQL)
	}
	if c.Answered {
		e.Latency = a.took()
	}
	w.out.text = t.buf
	w.emit(a.f, e)
}
