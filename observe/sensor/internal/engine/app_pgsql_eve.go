package engine

import (
	"strconv"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/wire/pgsql"
)

// pgsqlRecord writes an exchange as EVE has it. Statements stand in it as they were sent, with the patients in them replaced;
// passwords, and what proves them, do not.
func (t *texts) pgsqlRecord(w *Worker, x *pgsql.Exchange, n int) string {
	var request, answer string
	if x.Kind == pgsql.Query {
		request = t.masked(w, x.Statement)
	}
	if m := x.ErrorField('M'); len(m) > 0 {
		answer = t.masked(w, m)
	}
	at := len(t.buf)
	j := jsonText{buf: t.buf, fresh: true}
	j.begin("")
	j.num("tx_id", int64(n))
	if x.Kind != pgsql.Unasked {
		j.begin("request")
		j.pgsqlRequest(x, request)
		j.finish()
	}
	if x.Answered {
		j.begin("response")
		j.pgsqlResponse(x, answer)
		j.finish()
	}
	j.finish()
	t.buf = j.buf
	return t.from(at)
}

func (j *jsonText) pgsqlRequest(x *pgsql.Exchange, statement string) {
	switch x.Kind {
	case pgsql.SSLRequest:
		j.str("message", "SSL Request")
	case pgsql.GSSRequest:
		j.str("message", "GSS Request")
	case pgsql.Startup:
		j.str("protocol_version", strconv.Itoa(x.Major)+"."+strconv.Itoa(x.Minor))
		j.pgsqlStartup(x.Settings)
	case pgsql.Password:
		j.truth("password_redacted", true)
	case pgsql.SASLInitial:
		j.str("sasl_authentication_mechanism", saslName(x.Mechanism))
	case pgsql.Query:
		if !x.Prepared {
			j.str("simple_query", statement)
		}
		j.pgsqlCopy("copy_data_in", "msg_count", x.CopyIn, x.CopyInSize)
	case pgsql.Cancel:
		j.str("message", "cancel_request")
		j.num("process_id", int64(x.Process))
		j.num("secret_key", int64(x.Key))
	case pgsql.Terminate:
		j.str("message", "termination_message")
	}
}

func saslName(mechanism []byte) string {
	switch string(mechanism) {
	case "SCRAM-SHA-256":
		return "scram_SHA256"
	case "SCRAM-SHA-256-PLUS":
		return "scram_SHA256_plus"
	}
	return event.View(mechanism)
}

func (j *jsonText) pgsqlStartup(settings []pgsql.Setting) {
	j.begin("startup_parameters")
	for i := range settings {
		if string(settings[i].Name) == "user" {
			j.bytes("user", settings[i].Value)
		}
	}
	if len(settings) > 1 {
		j.list("optional_parameters")
		for i := range settings {
			if string(settings[i].Name) != "user" {
				j.pgsqlSetting(&settings[i])
			}
		}
		j.endList()
	}
	j.finish()
}

// pgsqlSetting writes a parameter under its name in EVE, which differs for three.
func (j *jsonText) pgsqlSetting(s *pgsql.Setting) {
	name := event.View(s.Name)
	switch name {
	case "DateStyle":
		name = "date_style"
	case "IntervalStyle":
		name = "interval_style"
	case "TimeZone":
		name = "time_zone"
	}
	j.comma()
	j.buf = append(j.buf, '{')
	j.buf = append(event.AppendJSONString(j.buf, name), ':')
	j.quoted(s.Value)
	j.buf = append(j.buf, '}')
}

// bytes writes a text that may hold anything.
func (j *jsonText) bytes(name string, v []byte) {
	j.key(name)
	j.quoted(v)
}

// quoted writes a text. In one that is not UTF-8 the bytes above 7 bits are written as \xc5, as Suricata does.
func (j *jsonText) quoted(v []byte) {
	if utf8.Valid(v) {
		j.buf = event.AppendJSONString(j.buf, event.View(v))
		return
	}
	shown := make([]byte, 0, 4*len(v))
	for _, c := range v {
		if c < utf8.RuneSelf {
			shown = append(shown, c)
		} else {
			shown = append(shown, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	j.buf = event.AppendJSONString(j.buf, event.View(shown))
}

func (j *jsonText) pgsqlResponse(x *pgsql.Exchange, message string) {
	if x.Kind == pgsql.SSLRequest && len(x.Methods) == 0 {
		j.truth("ssl_accepted", x.Accepted)
		return
	}
	j.pgsqlError(x, message)
	for _, m := range x.Methods {
		j.pgsqlMethod(m, x)
	}
	if len(x.Reports) > 0 {
		j.list("parameter_status")
		for i := range x.Reports {
			j.pgsqlSetting(&x.Reports[i])
		}
		j.endList()
	}
	if x.HasKey {
		j.num("process_id", int64(x.Process))
		j.num("secret_key", int64(x.Key))
	}
	if x.HasColumns {
		j.num("field_count", int64(x.Columns))
	}
	if x.Rows > 0 {
		j.num("data_rows", int64(x.Rows))
		j.num("data_size", int64(x.RowBytes))
	}
	switch x.CopyAsked {
	case 'G':
		j.pgsqlColumns("copy_in_response", x.CopyColumns)
	case 'H':
		j.pgsqlColumns("copy_out_response", x.CopyColumns)
	}
	j.pgsqlCopy("copy_data_out", "row_count", x.CopyOut, x.CopyOutSize)
	if len(x.Tag) > 0 {
		j.bytes("command_completed", x.Tag)
	}
}

func (j *jsonText) pgsqlColumns(name string, n uint16) {
	j.begin(name)
	j.num("columns", int64(n))
	j.finish()
}

func (j *jsonText) pgsqlCopy(name, counted string, n, size uint64) {
	if n == 0 {
		return
	}
	j.begin(name)
	j.num(counted, int64(n))
	j.num("data_size", int64(size))
	j.finish()
}

func (j *jsonText) pgsqlMethod(m pgsql.Method, x *pgsql.Exchange) {
	switch m {
	case pgsql.OK:
		j.str("message", "authentication_ok")
	case pgsql.Cleartext:
		j.str("message", "authentication_cleartext_password")
	case pgsql.MD5:
		j.bytes("authentication_md5_password", x.Salt[:])
	case pgsql.SASL:
		j.str("message", "authentication_sasl")
	case pgsql.SASLMore:
		j.str("message", "authentication_sasl_continue")
	}
}

// pgsqlError writes the fields of an error, or of a notice where there is none.
func (j *jsonText) pgsqlError(x *pgsql.Exchange, message string) {
	fields := x.Error
	if len(fields) == 0 {
		fields = x.Notice
	}
	for i := range fields {
		name := ""
		switch fields[i].Code {
		case 'S':
			name = "severity_localizable"
		case 'V':
			name = "severity_non_localizable"
		case 'C':
			name = "code"
		case 'M':
			if len(x.Error) > 0 {
				j.str("message", message)
			}
			continue
		case 'P':
			name = "position"
		case 's':
			name = "schema_name"
		case 't':
			name = "table_name"
		case 'c':
			name = "column_name"
		case 'n':
			name = "constraint_name"
		case 'F':
			name = "file"
		case 'L':
			name = "line"
		case 'R':
			name = "routine"
		default:
			continue // details and hints hold values
		}
		j.bytes(name, fields[i].Value)
	}
}
