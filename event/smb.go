package event

// SMB is one step of a conversation with a file server, or one file that was open.
type SMB struct {
	Command      string   // SMB2_COMMAND_NEGOTIATE_PROTOCOL... as EVE names them
	Dialect      string   // version of the protocol that both agreed on: 2.02 to 3.11, or NT LM 0.12
	Status       string   // STATUS_SUCCESS...
	StatusCode   uint64   // NTSTATUS
	SessionID    uint64   // number of the session that the server gave
	TreeID       uint64   // tree connect
	Tree         string   // \\server\share
	ShareType    string   // FILE, PIPE or PRINT
	File         string   // name within the tree, patient identifiers replaced
	NewName      string   // what the file was renamed to
	Disposition  string   // FILE_OPEN, FILE_CREATE...
	Access       string   // normal, read or write as EVE says
	Size         uint64   // bytes of the file
	BytesRead    uint64   // bytes read while the file was open
	BytesWritten uint64   // bytes written while the file was open
	Deleted      bool     // the file was deleted
	Directory    bool     // it is a directory
	User         string   // who signs in
	Domain       string   // domain of that user
	Host         string   // workstation the client names itself
	Realm        string   // Kerberos realm
	Services     []string // Kerberos service names
	NamedPipe    string   // pipe that was opened: svcctl, samr...
	ServerGUID   string   // identifier of the server
	ClientGUID   string   // identifier of the client
	Dialects     []string // what the client offered
	Encrypted    bool     // what follows is encrypted
	Operation    string   // OCSF 4006 activity_name: File Open, File Create, File Rename, File Delete...
	Guest        bool     // the server let the user in as guest
	TxID         uint64   // place of the request in its connection, from 1; when EVE is written
	FileID       string   // identifier of the open file; when EVE is written
	Created      uint64   // unix nanoseconds at which the file was created; when EVE is written
	Accessed     uint64   // unix nanoseconds of its last access; when EVE is written
	Modified     uint64   // unix nanoseconds of its last change of content; when EVE is written
	Changed      uint64   // unix nanoseconds of its last change; when EVE is written
	System       string   // version of the client's operating system, by its NTLM message; when EVE is written
	Function     string   // what an IOCTL asks for; when EVE is written
	ClientOS     string   // SMB 1: system that the client says it runs
	ClientLM     string   // SMB 1: file service that the client says it runs
	ServerOS     string   // SMB 1: system that the server says it runs
	ServerLM     string   // SMB 1: file service that the server says it runs
	ServiceAsked string   // SMB 1: service that a tree connect asks for: A:, IPC, ?????
	Service      string   // SMB 1: service that it gets
	Subcommand   string   // SMB 1: SET_FILE_INFO or SET_PATH_INFO; when EVE is written
	Level        string   // SMB 1: what is set; when EVE is written
	MaxRead      uint64   // bytes the server hands out at once; when EVE is written
	MaxWrite     uint64   // bytes the server takes at once; when EVE is written
}

func (*SMB) Kind() Kind { return KindSMB }
func (p *SMB) fields(c *coder) {
	c.str(1, "command", &p.Command)
	c.str(2, "dialect", &p.Dialect)
	c.str(3, "status_detail", &p.Status)
	c.zero(4, "status_code", &p.StatusCode)
	c.num(5, "smb.session_uid", &p.SessionID)
	c.num(6, "smb.tree_uid", &p.TreeID)
	c.str(7, "share", &p.Tree)
	c.str(8, "share_type", &p.ShareType)
	c.str(9, "file.name", &p.File)
	c.str(10, "file.new_name", &p.NewName)
	c.str(11, "open_type", &p.Disposition)
	c.str(12, "smb.access", &p.Access)
	c.num(13, "file.size", &p.Size)
	c.num(14, "smb.bytes_read", &p.BytesRead)
	c.num(15, "smb.bytes_written", &p.BytesWritten)
	c.truth(16, "file.is_deleted", &p.Deleted)
	c.truth(17, "file.is_directory", &p.Directory)
	c.str(18, "actor.user.name", &p.User)
	c.str(19, "actor.user.domain", &p.Domain)
	c.str(20, "src_endpoint.hostname", &p.Host)
	c.str(21, "smb.kerberos.realm", &p.Realm)
	c.strs(22, "smb.kerberos.snames", &p.Services)
	c.str(23, "smb.named_pipe", &p.NamedPipe)
	c.str(24, "smb.server_guid", &p.ServerGUID)
	c.str(25, "smb.client_guid", &p.ClientGUID)
	c.strs(26, "client_dialects", &p.Dialects)
	c.truth(27, "smb.is_encrypted", &p.Encrypted)
	c.str(28, "activity_name", &p.Operation)
	c.truth(29, "actor.user.is_guest", &p.Guest)
	c.num(30, "smb.transaction_uid", &p.TxID)
	c.str(31, "file.uid", &p.FileID)
	c.num(32, "file.created_time", &p.Created)
	c.num(33, "file.accessed_time", &p.Accessed)
	c.num(34, "file.modified_time", &p.Modified)
	c.num(35, "file.changed_time", &p.Changed)
	c.str(36, "src_endpoint.os.version", &p.System)
	c.str(37, "smb.function", &p.Function)
	c.str(38, "src_endpoint.os.name", &p.ClientOS)
	c.str(39, "smb.client_lan_manager", &p.ClientLM)
	c.str(40, "dst_endpoint.os.name", &p.ServerOS)
	c.str(41, "smb.server_lan_manager", &p.ServerLM)
	c.str(42, "smb.service_requested", &p.ServiceAsked)
	c.str(43, "smb.service", &p.Service)
	c.str(44, "smb.subcommand", &p.Subcommand)
	c.str(45, "smb.level_of_interest", &p.Level)
	c.num(46, "smb.max_read_size", &p.MaxRead)
	c.num(47, "smb.max_write_size", &p.MaxWrite)
}
