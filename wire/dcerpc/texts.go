package dcerpc

import (
	"unicode/utf16"

	"bulwark/wire/ntlm"
)

// read looks for texts in the arguments of an operation of which they are shown. Strings are found by their form, not
// by the operation's definition: a count, an offset of zero and a length, each of four bytes or, in 64-bit NDR, eight,
// then UTF-16 ([C706] 14.3.4.2).
func (x *Call) read(about *Context, m *message, at int) {
	n := shown(about.Known(), x.Op)
	if n == 0 {
		return
	}
	end := min(len(m.p), m.length-m.auth)
	for p := m.p[:max(end, 0)]; at < len(p) && len(x.Texts) < n; {
		text, next := ndrString(p, at, m.order, about.wide)
		if text == nil {
			at += 4
			continue
		}
		start := len(x.order)
		x.order = ntlm.AppendUTF16(x.order, text)
		x.Texts = append(x.Texts, x.order[start:len(x.order):len(x.order)])
		at = next
	}
}

// ndrString is the string at a place, if one is there, and where what is behind it begins.
func ndrString(p []byte, at int, o order, wide bool) (text []byte, next int) {
	var maximum, offset, actual uint64
	if wide {
		if len(p) < at+24 {
			return nil, 0
		}
		maximum, offset, actual = o.u64(p[at:]), o.u64(p[at+8:]), o.u64(p[at+16:])
		at += 24
	} else {
		if len(p) < at+12 {
			return nil, 0
		}
		maximum, offset, actual = uint64(o.u32(p[at:])), uint64(o.u32(p[at+4:])), uint64(o.u32(p[at+8:]))
		at += 12
	}
	if offset != 0 || actual < 2 || actual > maximum || actual > maxText || maximum > maxText || at+int(actual)*2 > len(p) {
		return nil, 0
	}
	text = p[at : at+int(actual)*2]
	next = (at + len(text) + 3) &^ 3
	if o.u16(text[len(text)-2:]) == 0 {
		text = text[:len(text)-2]
	}
	for i := 0; i+1 < len(text); i += 2 {
		if u := o.u16(text[i:]); u < ' ' || u == 0xffff || utf16.IsSurrogate(rune(u)) {
			return nil, 0
		}
	}
	return text, next
}

// shown says how many texts of an operation's arguments are shown: names of services, tasks, files, keys and machines,
// in operations that take no secret before them.
func shown(i *Interface, op uint16) int {
	if i == nil {
		return 0
	}
	switch i.Name {
	case "svcctl": // [MS-SCMR]: service, displayed name, path of the program
		switch op {
		case 12, 45, 60:
			return 3
		case 16, 20, 21:
			return 1
		}
	case "ITaskSchedulerService": // [MS-TSCH]: path of the task
		switch op {
		case 1, 2, 3, 6, 7, 12, 13:
			return 1
		}
	case "efsrpc", "efsrpc2": // [MS-EFSR]: name of the file, which may lie on another machine
		if op == 0 || op >= 4 && op <= 9 || op == 12 || op == 13 || op == 15 || op == 16 || op == 18 || op == 20 {
			return 2
		}
	case "spoolss": // [MS-RPRN]: printers, files of drivers, the machine to be told of changes
		switch op {
		case 1, 62, 65, 69:
			return 2
		case 9, 89:
			return MaxTexts
		}
	case "IRemoteWinspool": // [MS-PAR]
		if op == 39 {
			return MaxTexts
		}
	case "netdfs": // [MS-DFSNM]: server, share
		switch op {
		case 1, 2, 12, 13:
			return 2
		}
	case "FileServerVssAgent": // [MS-FSRVP]: share
		switch op {
		case 3, 8, 9:
			return 1
		}
	case "netlogon": // [MS-NRPC]: server, account, computer
		switch op {
		case 4, 5, 6, 15, 26, 30:
			return 3
		}
	case "winreg": // [MS-RRP]: key, or the file it is saved in
		switch op {
		case 6, 7, 8, 13, 15, 18, 19, 20, 31:
			return 2
		}
	case "eventlog": // [MS-EVEN]
		if op == 7 {
			return 2
		}
	case "IEventService": // [MS-EVEN6]: channel
		if op == 6 {
			return 1
		}
	case "samr": // [MS-SAMR]: server, or the account to be made
		switch op {
		case 12, 50, 57, 62, 64:
			return 1
		}
	case "srvsvc", "wkssvc": // [MS-SRVS], [MS-WKST]: server
		return 1
	}
	return 0
}
