package event

// TDS is a sign-on to a Microsoft SQL Server or a Sybase server, or a request with what came of it. Statements are told without
// their values; passwords never.
type TDS struct {
	Activity  string // login, batch, rpc, bulk_load, attention
	Version   string // of the protocol: 7.4
	User      string // who signs on
	Database  string // of the sign-on, or chosen since
	Host      string // name of the client's machine, by its own word
	App       string // program of the client
	Library   string // of the client: ODBC, .Net SqlClient Data Provider
	Driver    string // version of the client's driver
	Target    string // name by which the client knows the server
	Language  string // that the client wants
	Method    string // by which the user proves who he is: password, windows, token
	Wanted    string // encryption as the client asks for it: login, on, unsupported, required
	Answered  string // encryption as the server answers
	Sealed    string // what is encrypted: nothing, login, all
	Accepted  string // true or false; empty where it was not decided
	Program   string // of the server
	Release   string // version of the server
	Procedure string // that is called
	Statement string // without its values, at most 1,024 bytes
	Prepared  bool   // the statement is prepared
	Replied   bool   // the server has answered
	Cancelled bool   // by the client
	Affected  uint64 // rows changed
	Columns   uint64 // of the last result of the answer
	Results   uint64 // of the answer, that have rows
	Rows      uint64 // of the answer
	Bytes     uint64 // of the answer
	Sent      uint64 // bytes of the request
	Code      uint64 // of the first error
	Class     uint64 // of the error: 14 a right is missing, 16 the user can mend it, 20 and above the connection ends
	State     uint64 // of the error: where the server found it
	Message   string // of the error, without values
	Server    string // name of the server, of an error
	Raised    string // procedure that raised the error
	Cleartext bool   // a password crossed the wire in a form that hides nothing
	Latency   uint64 // nanoseconds from the request to the end of its answer
	Failed    bool   // the answer says that something failed
}

func (*TDS) Kind() Kind { return KindTDS }
func (p *TDS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "protocol_ver", &p.Version)
	c.str(3, "user.name", &p.User)
	c.str(4, "database.name", &p.Database)
	c.str(5, "src_endpoint.hostname", &p.Host)
	c.str(6, "tds.application", &p.App)
	c.str(7, "tds.library", &p.Library)
	c.str(8, "tds.driver_version", &p.Driver)
	c.str(9, "tds.target", &p.Target)
	c.str(10, "tds.language", &p.Language)
	c.str(11, "auth_protocol", &p.Method)
	c.str(12, "tds.encryption_wanted", &p.Wanted)
	c.str(13, "tds.encryption_answered", &p.Answered)
	c.str(14, "tds.sealed", &p.Sealed)
	c.str(15, "tds.is_accepted", &p.Accepted)
	c.str(16, "tds.program", &p.Program)
	c.str(17, "tds.server_version", &p.Release)
	c.str(18, "tds.procedure", &p.Procedure)
	c.str(19, "tds.statement", &p.Statement)
	c.truth(20, "tds.is_prepared", &p.Prepared)
	c.truth(21, "tds.is_answered", &p.Replied)
	c.truth(22, "tds.is_cancelled", &p.Cancelled)
	c.num(23, "tds.affected_count", &p.Affected)
	c.num(24, "tds.column_count", &p.Columns)
	c.num(25, "tds.result_count", &p.Results)
	c.num(26, "tds.row_count", &p.Rows)
	c.num(27, "tds.answer_bytes", &p.Bytes)
	c.num(28, "tds.request_bytes", &p.Sent)
	c.num(29, "tds.error_code", &p.Code)
	c.num(30, "tds.error_class", &p.Class)
	c.num(31, "tds.error_state", &p.State)
	c.str(32, "status_detail", &p.Message)
	c.str(33, "tds.server_name", &p.Server)
	c.str(34, "tds.error_procedure", &p.Raised)
	c.truth(35, "is_cleartext", &p.Cleartext)
	c.num(36, "response_time", &p.Latency)
	c.truth(37, "tds.has_failed", &p.Failed)
}
