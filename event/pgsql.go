package event

// PgSQL is a request to a PostgreSQL server with what came of it. Statements are told without their values; passwords and what
// proves them never.
type PgSQL struct {
	Activity   string // ssl_request, gss_request, startup, password, sasl_initial, sasl_response, query, terminate, cancel
	TxID       uint64 // place of the request in the connection, from 1
	Version    string // of the protocol, of a startup
	User       string // who signs on
	Database   string // of a startup
	App        string // application_name of a startup
	Sealed     string // true or false: the server's answer to a request for encryption
	Method     string // how the server wants the user to prove who he is: trust, cleartext, md5, sasl, gss...
	Mechanism  string // mechanism of SASL: SCRAM-SHA-256...
	Server     string // version of the server
	Statement  string // without its values, at most 1,024 bytes
	Prepared   bool   // by the extended protocol
	Command    string // that was completed: SELECT 3
	Columns    uint64 // of the answer, plus one
	Rows       uint64 // of the answer
	RowBytes   uint64 // of the values of the answer
	CopiedOut  uint64 // rows copied out of the server
	CopyOut    uint64 // their bytes
	CopiedIn   uint64 // pieces in which rows were copied into the server: a client may send several rows in one
	CopyIn     uint64 // their bytes
	Severity   string // of an error: ERROR, FATAL...
	Code       string // SQLSTATE of an error: 28P01
	Message    string // of an error, without values
	Cleartext  bool   // a password crossed the wire in clear
	Latency    uint64 // nanoseconds from the request to the end of its answer
	Record     string // the request and its answer as EVE's object has them, JSON; when EVE is written
	MethodCode uint64 // code of the method, plus one
}

func (*PgSQL) Kind() Kind { return KindPgSQL }
func (p *PgSQL) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "pgsql.transaction_uid", &p.TxID)
	c.str(3, "protocol_ver", &p.Version)
	c.str(4, "user.name", &p.User)
	c.str(5, "database.name", &p.Database)
	c.str(6, "pgsql.application", &p.App)
	c.str(7, "pgsql.is_sealed", &p.Sealed)
	c.str(8, "auth_protocol", &p.Method)
	c.str(9, "pgsql.mechanism", &p.Mechanism)
	c.str(10, "pgsql.server_version", &p.Server)
	c.str(11, "pgsql.statement", &p.Statement)
	c.truth(12, "pgsql.is_prepared", &p.Prepared)
	c.str(13, "pgsql.command", &p.Command)
	c.zero(14, "pgsql.column_count", &p.Columns)
	c.num(15, "pgsql.row_count", &p.Rows)
	c.num(16, "pgsql.row_bytes", &p.RowBytes)
	c.num(17, "pgsql.copied_out_count", &p.CopiedOut)
	c.num(18, "pgsql.copied_out_bytes", &p.CopyOut)
	c.num(19, "pgsql.copied_in_count", &p.CopiedIn)
	c.num(20, "pgsql.copied_in_bytes", &p.CopyIn)
	c.str(21, "pgsql.severity", &p.Severity)
	c.str(22, "status_code", &p.Code)
	c.str(23, "status_detail", &p.Message)
	c.truth(24, "is_cleartext", &p.Cleartext)
	c.num(25, "response_time", &p.Latency)
	c.str(26, "pgsql.record", &p.Record)
	c.zero(27, "pgsql.method_code", &p.MethodCode)
}
