package eve

import "bulwark/event"

// dcerpc writes a remote procedure call: over TCP and UDP a record of its own, through a named pipe a part of SMB's.
func (w *Writer) dcerpc(p *event.DCERPC) {
	j := &w.j
	if p.Command != "" {
		w.smbCall(p)
		return
	}
	j.open("dcerpc")
	j.str("request", orLost(p.Request))
	if p.Request == "REQUEST" {
		w.stub("req", p.RequestFragments, p.RequestBytes+16*objects(p), func() { j.num("opnum", p.Opnum) })
	}
	if p.ActivityUUID == "" && (p.Request == "REQUEST" || p.Request == "BIND") {
		w.interfaces(p, false)
	}
	j.str("response", orUnreplied(p.Response))
	if p.Response == "RESPONSE" {
		extra := uint64(0)
		if p.ActivityUUID == "" {
			extra = 8 * p.ResponseFragments // Suricata counts the rest of the header in
		}
		w.stub("res", p.ResponseFragments, p.ResponseBytes+extra, nil)
	}
	if p.ActivityUUID != "" {
		j.str("activityuuid", p.ActivityUUID)
		j.num("seqnum", p.Sequence)
	} else {
		j.num("call_id", p.CallID)
	}
	j.str("rpc_version", p.Version)
	j.close()
}

// call writes what Suricata does not tell of a call: who makes it, what became of it and whom its arguments name.
func (w *Writer) call(p *event.DCERPC) {
	if p.Fault+p.Security+p.Level+p.User+p.Domain+p.NamedPipe == "" && len(p.Texts) == 0 {
		return
	}
	j := &w.j
	j.open(ours)
	j.some("fault", p.Fault)
	j.some("auth_type", p.Security)
	j.some("auth_level", p.Level)
	j.some("user", p.User)
	j.some("domain", p.Domain)
	j.list("arguments", p.Texts)
	j.some("named_pipe", p.NamedPipe)
	j.close()
}

// smbCall writes a call through a named pipe.
func (w *Writer) smbCall(p *event.DCERPC) {
	j := &w.j
	j.open("smb")
	if p.TxID > 0 {
		j.num("id", p.TxID)
	}
	j.str("dialect", orUnknown(p.Dialect))
	j.str("command", p.Command)
	w.smbStatus(p.Status, p.StatusCode)
	j.num("session_id", p.SessionID)
	j.num("tree_id", p.TreeID)
	j.open("dcerpc")
	j.str("request", orLost(p.Request))
	j.str("response", orUnreplied(p.Response))
	switch p.Request {
	case "REQUEST":
		j.num("opnum", p.Opnum)
		w.stub("req", p.RequestFragments, p.RequestBytes+16*objects(p), nil)
		w.interfaces(p, false)
	case "BIND":
		w.interfaces(p, true)
	}
	if p.Response == "RESPONSE" {
		w.stub("res", p.ResponseFragments, p.ResponseBytes, nil)
	}
	j.num("call_id", p.CallID)
	j.close()
	j.close()
}

// objects is how many fragments of a request name an object, which Suricata counts among the arguments.
func objects(p *event.DCERPC) uint64 {
	if p.Object == "" || p.ActivityUUID != "" {
		return 0
	}
	return p.RequestFragments
}

// stub writes how much one side of a call has sent, behind what first writes.
func (w *Writer) stub(name string, fragments, bytes uint64, first func()) {
	j := &w.j
	j.open(name)
	if first != nil {
		first()
	}
	j.num("frag_cnt", fragments)
	j.num("stub_data_size", bytes)
	j.close()
}

// interfaces writes those of a binding, or that of a call.
func (w *Writer) interfaces(p *event.DCERPC, reasons bool) {
	if len(p.Interfaces) == 0 {
		return
	}
	j := &w.j
	j.array("interfaces")
	for i, uuid := range p.Interfaces {
		j.comma()
		j.open("")
		j.str("uuid", uuid)
		j.str("version", p.Versions[i])
		if p.Results[i] != "-" && (reasons || p.Command == "") {
			j.raw("ack_result", p.Results[i])
			if reasons {
				j.num("ack_reason", 0) // Suricata never fills it in
			}
		}
		if p.Services[i] != "-" {
			j.str("service", p.Services[i])
		}
		if p.Request == "REQUEST" {
			j.some("procedure", p.Operation)
		}
		j.close()
	}
	j.end()
}

func orLost(request string) string {
	if request == "" {
		return "REQUEST_LOST"
	}
	return request
}

func orUnreplied(response string) string {
	if response == "" {
		return "UNREPLIED"
	}
	return response
}
