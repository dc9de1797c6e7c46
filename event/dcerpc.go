package event

// DCERPC is one remote procedure call, or one binding to interfaces, with its answer.
type DCERPC struct {
	Activity          string   // Bind or Call
	Request           string   // REQUEST, BIND, ALTER_CONTEXT...; empty: it was not seen
	Response          string   // RESPONSE, FAULT, BINDACK...; empty: there was none
	CallID            uint64   // number of the call in its connection
	Opnum             uint64   // number of the operation in its interface
	Operation         string   // name of the operation: DRSGetNCChanges...
	Interfaces        []string // UUIDs of the interfaces: of a call one, of a binding all that are offered
	Versions          []string // their versions, in the same order: 1.0
	Services          []string // their names, in the same order: svcctl, samr...; - where not known
	Results           []string // what the server said to each: 0 taken, 2 refused, 3 feature negotiation; - nothing yet
	Reasons           []string // why it refused, in the same order
	RequestFragments  uint64   // fragments of the request
	RequestBytes      uint64   // bytes of arguments, with padding and signature
	ResponseFragments uint64   // fragments of the answer
	ResponseBytes     uint64   // bytes of results, with padding and signature
	Fault             string   // why the call failed
	Version           string   // of the protocol: 5.0, 5.1; 4.0 over UDP
	ActivityUUID      string   // over UDP: the activity that the call belongs to
	Sequence          uint64   // over UDP: number of the call in its activity
	Object            string   // UUID of the object that is called
	Texts             []string // names in the arguments of operations known to take no secrets: services, files, machines
	Security          string   // NTLM, SPNEGO, Kerberos, Netlogon...; empty: none
	Level             string   // connect, integrity, privacy...: how much is protected
	User              string   // who has signed on
	Domain            string   // domain of that user
	Host              string   // workstation the client names itself
	NamedPipe         string   // the pipe of SMB that carries it
	Command           string   // SMB: the command that carries the request; of pipes that EVE follows
	Dialect           string   // SMB: dialect
	Status            string   // SMB: status of the answer that carries the response
	StatusCode        uint64   // SMB: NTSTATUS of it
	SessionID         uint64   // SMB: session
	TreeID            uint64   // SMB: tree connect
	TxID              uint64   // SMB: place of the request in its connection, from 1; when EVE is written
}

func (*DCERPC) Kind() Kind { return KindDCERPC }
func (p *DCERPC) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "dce_rpc.command", &p.Request)
	c.str(3, "dce_rpc.command_response", &p.Response)
	c.num(4, "dce_rpc.call_uid", &p.CallID)
	c.num(5, "dce_rpc.opnum", &p.Opnum)
	c.str(6, "dce_rpc.operation", &p.Operation)
	c.strs(7, "dce_rpc.rpc_interface.uuid", &p.Interfaces)
	c.strs(8, "dce_rpc.rpc_interface.version", &p.Versions)
	c.strs(9, "dce_rpc.rpc_interface.name", &p.Services)
	c.strs(10, "dce_rpc.rpc_interface.ack_result", &p.Results)
	c.strs(11, "dce_rpc.rpc_interface.ack_reason", &p.Reasons)
	c.num(12, "dce_rpc.request.fragments", &p.RequestFragments)
	c.num(13, "dce_rpc.request.bytes", &p.RequestBytes)
	c.num(14, "dce_rpc.response.fragments", &p.ResponseFragments)
	c.num(15, "dce_rpc.response.bytes", &p.ResponseBytes)
	c.str(16, "dce_rpc.fault", &p.Fault)
	c.str(17, "dce_rpc.version", &p.Version)
	c.str(18, "dce_rpc.activity_uid", &p.ActivityUUID)
	c.num(19, "dce_rpc.sequence", &p.Sequence)
	c.str(20, "dce_rpc.object_uid", &p.Object)
	c.strs(21, "dce_rpc.arguments", &p.Texts)
	c.str(22, "auth_protocol", &p.Security)
	c.str(23, "dce_rpc.auth_level", &p.Level)
	c.str(24, "actor.user.name", &p.User)
	c.str(25, "actor.user.domain", &p.Domain)
	c.str(26, "src_endpoint.hostname", &p.Host)
	c.str(27, "smb.named_pipe", &p.NamedPipe)
	c.str(28, "command", &p.Command)
	c.str(29, "dialect", &p.Dialect)
	c.str(30, "status_detail", &p.Status)
	c.zero(31, "status_code", &p.StatusCode)
	c.num(32, "smb.session_uid", &p.SessionID)
	c.num(33, "smb.tree_uid", &p.TreeID)
	c.num(34, "smb.transaction_uid", &p.TxID)
}
