package event

// MySQL is a sign-on to a MySQL or MariaDB server, or a command with what came of it. Statements are told without their values;
// passwords never.
type MySQL struct {
	Activity  string // login, change_user, query, prepare, execute, init_db, create_db, drop_db, kill, shutdown, process_list, table_dump, binlog_dump, register_replica
	Server    string // version of the server
	Thread    uint64 // number of the connection on the server
	User      string // who signs on
	Database  string // of the sign-on, or chosen since
	Plugin    string // by which the user proves who he is: caching_sha2_password...
	Program   string // of the client
	Driver    string // of the client, with its version
	OS        string // of the client
	TLS       bool   // TLS follows
	Accepted  string // true or false; empty where it was not decided
	Statement string // without its values, at most 1,024 bytes
	Answered  bool   // the server has answered
	Affected  uint64 // rows changed
	Columns   uint64 // of the last result of the answer
	Rows      uint64 // of the answer
	RowBytes  uint64 // of the rows of the answer
	Results   uint64 // of the answer, that have rows
	File      string // of the client, that the server asked for
	FileBytes uint64 // of it that were sent
	Packed    bool   // the connection is compressed
	Code      uint64 // of an error
	State     string // SQLSTATE of an error
	Message   string // of an error, without values
	Cleartext bool   // a password crossed the wire in clear
	Latency   uint64 // nanoseconds from the command to its answer
}

func (*MySQL) Kind() Kind { return KindMySQL }
func (p *MySQL) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "mysql.server_version", &p.Server)
	c.num(3, "mysql.thread_uid", &p.Thread)
	c.str(4, "user.name", &p.User)
	c.str(5, "database.name", &p.Database)
	c.str(6, "auth_protocol", &p.Plugin)
	c.str(7, "mysql.program", &p.Program)
	c.str(8, "mysql.driver", &p.Driver)
	c.str(9, "mysql.client_os", &p.OS)
	c.truth(10, "mysql.is_sealed", &p.TLS)
	c.str(11, "mysql.is_accepted", &p.Accepted)
	c.str(12, "mysql.statement", &p.Statement)
	c.truth(13, "mysql.is_answered", &p.Answered)
	c.num(14, "mysql.affected_count", &p.Affected)
	c.num(15, "mysql.column_count", &p.Columns)
	c.num(16, "mysql.row_count", &p.Rows)
	c.num(17, "mysql.error_code", &p.Code)
	c.str(18, "status_code", &p.State)
	c.str(19, "status_detail", &p.Message)
	c.truth(20, "is_cleartext", &p.Cleartext)
	c.num(21, "response_time", &p.Latency)
	c.num(22, "mysql.row_bytes", &p.RowBytes)
	c.num(23, "mysql.result_count", &p.Results)
	c.str(24, "mysql.local_file", &p.File)
	c.num(25, "mysql.local_file_bytes", &p.FileBytes)
	c.truth(26, "mysql.is_compressed", &p.Packed)
}
