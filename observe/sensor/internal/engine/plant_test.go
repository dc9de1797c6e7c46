package engine

import (
	"encoding/binary"
	"strconv"
	"strings"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// said is what one side said at a time.
type said struct {
	dir  wire.Dir
	text string
}

func asks(text string) said    { return said{wire.ToServer, text} }
func answers(text string) said { return said{wire.ToClient, text} }

// conversed are the events of a TCP connection, but for its flow, as JSON lines.
func conversed(o Options, parts ...said) string {
	c := &collector{}
	w := plantWorker(o, c)
	f := &feeder{w: w}
	f.handshake(100, 200)
	next := [2]uint32{101, 201}
	for _, p := range parts {
		f.send(p.dir, next[p.dir], next[p.dir.Other()], packet.ACK, []byte(p.text))
		next[p.dir] += uint32(len(p.text))
	}
	w.Close()
	return without(c.lines, "flow")
}

// exchanged are the events of datagrams, but for their flow, as JSON lines.
func exchanged(o Options, parts ...said) string {
	c := &collector{}
	w := plantWorker(o, c)
	for i, p := range parts {
		b := wireUDP(p.dir, []byte(p.text))
		w.Packet(1_700_000_000_000_000_000+int64(i)*1e6, pcap.LinkRaw, len(b), 0, b)
	}
	w.Close()
	return without(c.lines, "flow")
}

func plantWorker(o Options, c *collector) *Worker {
	o.Sink, o.Seed, o.FirstFlow, o.FlowStep, o.Patients = c, 7, 1, 1, pseudonym.New([32]byte{1})
	return New(o)
}

// wireUDP is a raw IPv4 packet of one end of the test exchange.
func wireUDP(dir wire.Dir, data []byte) []byte {
	b := wireTCP(dir, 0, 0, 0, nil)[:28]
	b[9] = packet.UDP
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(data)))
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(data)))
	return append(b, data...)
}

func without(lines []string, kind string) string {
	var kept []string
	for _, l := range lines {
		if !strings.Contains(l, `"kind":"`+kind+`"`) {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

// expect fails the test where got has not all of want, or some of never.
func expect(t *testing.T, got string, want, never []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("got no %s in\n%s", s, got)
		}
	}
	for _, s := range never {
		if strings.Contains(got, s) {
			t.Errorf("got %s in\n%s", s, got)
		}
	}
}

// The greetings of a pump and the refusal of an unknown one.
const (
	mqttHello   = "\x10\x21\x00\x04MQTT\x04\xc2\x00\x3c\x00\x06pump-7\x00\x04ward\x00\x07hunter2"
	mqttWelcome = "\x20\x02\x00\x00"
	mqttRefusal = "\x20\x02\x00\x05"
)

func TestMQTT(t *testing.T) {
	for _, c := range []struct {
		does        string
		o           Options
		parts       []said
		want, never []string
	}{
		{"a client that is let in", Options{}, []said{asks(mqttHello), answers(mqttWelcome)},
			[]string{`"kind":"mqtt"`, `"activity_name":"connect"`, `"mqtt.client_uid":"pump-7"`, `"is_cleartext":true`, `"auth_protocol":"MQTT","status":"success"`}, []string{"hunter2", "anomaly"}},
		{"a client that is refused", Options{}, []said{asks(mqttHello), answers(mqttRefusal)},
			[]string{`"status":"failure","status_detail":"not authorized"`}, []string{"hunter2"}},
		{"a client that is not answered proves nothing", Options{}, []said{asks(mqttHello)},
			[]string{`"kind":"mqtt"`}, []string{"auth_protocol"}},
		{"a message is told without its content", Options{}, []said{asks(mqttHello), answers(mqttWelcome), asks("\x30\x0a\x00\x03a/bhello")},
			[]string{`"activity_name":"publish"`, `"mqtt.topics":["a/b"]`, `"mqtt.size":5`}, []string{"hello"}},
		{"a ping is not worth an event", Options{}, []said{asks(mqttHello), answers(mqttWelcome), asks("\xc0\x00")}, nil, []string{"pingreq"}},
		{"the version of a broker", Options{}, []said{asks(mqttHello), answers(mqttWelcome), answers("\x30\x22\x00\x13$SYS/broker/versionmosquitto 2.0")},
			[]string{`"kind":"asset"`, `"device.software_version":"mosquitto 2.0"`, `"src_endpoint.ip":"10.0.0.1"`}, nil},
		{"EVE has the packets, and a mask for the password", Options{EVE: true}, []said{asks(mqttHello), answers(mqttWelcome), asks("\xc0\x00")},
			[]string{`\"password\":\"****\"`, `\"username\":\"ward\"`, `\"connack\":{\"qos\":0`, `pingreq`}, []string{"hunter2"}},
		{"words without a greeting", Options{}, []said{asks("\x30\x0a\x00\x03a/bhello")},
			[]string{`"anomaly.event":"unintroduced_message"`}, nil},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(c.o, c.parts...), c.want, c.never) })
	}
}

// modbusADU is a message of a transaction to unit 1.
func modbusADU(transaction byte, pdu string) string {
	return string([]byte{0, transaction, 0, 0, 0, byte(len(pdu) + 1), 1}) + pdu
}

func TestModbus(t *testing.T) {
	ask, answer := modbusADU(1, "\x03\x00\x10\x00\x02"), modbusADU(1, "\x03\x04\x00\x01\x00\x02")
	for _, c := range []struct {
		does        string
		o           Options
		parts       []said
		want, never []string
	}{
		{"a write with its value", Options{}, []said{asks(modbusADU(1, "\x06\x00\x00\x00\x00")), answers(modbusADU(1, "\x06\x00\x00\x00\x00"))},
			[]string{`"kind":"modbus"`, `"activity_name":"WrSingleReg"`, `"modbus.address":0`, `"modbus.value":0`, `"status":"success"`}, []string{"anomaly"}},
		{"a write that is refused", Options{}, []said{asks(modbusADU(1, "\x06\x00\x00\x00\x00")), answers(modbusADU(1, "\x86\x02"))},
			[]string{`"status":"failure","status_detail":"IllegalDataAddr"`}, nil},
		{"a device says who it is", Options{}, []said{asks(modbusADU(1, "\x2b\x0e\x01\x00")), answers(modbusADU(1, "\x2b\x0e\x01\x01\x00\x00\x03\x00\x04Acme\x01\x02P7\x02\x031.2"))},
			[]string{`"kind":"asset"`, `"device.vendor_name":"Acme","device.model":"P7","device.software_version":"1.2"`, `"src_endpoint.ip":"10.0.0.1"`, `"device.uid":"unit 1"`}, nil},
		{"an answer that does not fit", Options{}, []said{asks(ask), answers(modbusADU(1, "\x03\x02\x00\x01"))},
			[]string{`"anomaly.event":"value_mismatch"`}, nil},
		{"EVE has both messages", Options{EVE: true}, []said{asks(ask), answers(answer)},
			[]string{`\"request\":{\"transaction_id\":1,\"protocol_id\":0,\"unit_id\":1,\"function_raw\":3,\"function_code\":\"RdHoldRegs\",\"access_type\":\"READ | HOLDING\",\"category\":\"PUBLIC_ASSIGNED\",\"error_flags\":\"NONE\",\"read\":{\"address\":16,\"quantity\":2}}`}, nil},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(c.o, c.parts...), c.want, c.never) })
	}
	if n := strings.Count(conversed(Options{}, asks(ask), answers(answer), asks(ask), answers(answer)), `"kind":"modbus"`); n != 1 {
		t.Errorf("a poll is told %d times, want 1", n)
	}
}

// Frames of a master at link address 1 and an outstation at 10.
const (
	dnp3Operate    = "\x05d\x1a\xc4\x0a\x00\x01\x00\x8a\x1c\xc1\xc2\x05\x0c\x01(\x01\x00\x07\x00\x03\x01d\x00\x00\x00\x1f\x1ed\x00\x00\x00\x00\x00["
	dnp3Refusal    = "\x05d\x0aD\x01\x00\x0a\x00n%\xc1\xc2\x81\x00\x04K\xda"
	dnp3Read       = "\x05d\x0b\xc4\x0a\x00\x01\x00\xac\xd1\xc0\xc1\x01<\x02\x06R\xc3"
	dnp3Attributes = "\x05d\x15D\x01\x00\x0a\x00M\x19\xc4\xc5\x81\x00\x00\x00\xfc\x00\x00\x00\x01\x04Acme\x06\x12"
	dnp3SignOn     = "\x05d\x22\xc4\x0a\x00\x01\x00\x15\x0f\xc0\xc1\x1dF\x02[\x01\x14\x00\x0c\x00\x04\x00\x10\x00\x04\xd2\x96\x00\x00\x00\x00\x00wardpass\xab\xc2"
)

func TestDNP3(t *testing.T) {
	for _, c := range []struct {
		does        string
		o           Options
		parts       []said
		want, never []string
	}{
		{"a command that is refused", Options{}, []said{asks(dnp3Operate), answers(dnp3Refusal)},
			[]string{`"activity_name":"direct_operate"`, `"dnp3.objects":["g12v1 x1"]`, `"dnp3.points":["7: op_type 3 tcc 0"]`,
				`"dnp3.indications":["parameter_error"],"status":"failure"`}, []string{"anomaly"}},
		{"an outstation says who it is", Options{}, []said{asks(dnp3Read), answers(dnp3Attributes)},
			[]string{`"device.vendor_name":"Acme"`, `"src_endpoint.ip":"10.0.0.1"`}, []string{`"response"`}},
		{"who signs on, without the password", Options{EVE: true}, []said{asks(dnp3SignOn)},
			[]string{`\"username\":\"ward\",\"password\":\"****\"`, `"user.name":"ward"`}, []string{"wardpass", `\"pass\"`}},
		{"EVE has the message", Options{EVE: true}, []said{asks(dnp3Operate)},
			[]string{`\"points\":[{\"prefix\":7,\"index\":0,\"op_type\":3,\"qu\":0,\"cr\":0,\"tcc\":0,\"count\":1,\"ontime\":100`}, nil},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(c.o, c.parts...), c.want, c.never) })
		t.Run(c.does+", in datagrams", func(t *testing.T) { expect(t, exchanged(c.o, c.parts...), c.want, c.never) })
	}
	if n := strings.Count(conversed(Options{}, asks(dnp3Read), asks(dnp3Read)), `"kind":"dnp3"`); n != 1 {
		t.Errorf("a poll is told %d times, want 1", n)
	}
}

// enipMessage is a message of EtherNet/IP.
func enipMessage(command byte, session byte, data string) string {
	b := make([]byte, 24)
	b[0], b[2], b[4] = command, byte(len(data)), session
	return string(b) + data
}

func TestENIP(t *testing.T) {
	const identity = "\x01\x00\x0c\x00\x27\x00\x01\x00\x00\x02\xaf\x12\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x0e\x00\x36\x00\x14\x01\x30\x00\x78\x56\x34\x12\x05PLC-5\x03"
	ask, answer := enipMessage(0x63, 0, ""), enipMessage(0x63, 0, identity)
	reset := enipMessage(0x6f, 7, "\x00\x00\x00\x00\x0a\x00\x02\x00\x00\x00\x00\x00\xb2\x00\x06\x00\x05\x02\x20\x01\x24\x01")
	refusal := enipMessage(0x6f, 7, "\x00\x00\x00\x00\x0a\x00\x02\x00\x00\x00\x00\x00\xb2\x00\x04\x00\x85\x00\x0f\x00")
	for _, c := range []struct {
		does        string
		o           Options
		parts       []said
		want, never []string
	}{
		{"a device says who it is", Options{}, []said{asks(ask), answers(answer)},
			[]string{`"kind":"enip"`, `"device.vendor_name":"Rockwell Automation/Allen-Bradley","device.model":"PLC-5","device.serial_number":"12345678","device.software_version":"20.1","device.role":"Programmable Logic Controller"`}, []string{"anomaly"}},
		{"a reset that is refused", Options{}, []said{asks(reset), answers(refusal)},
			[]string{`"cip.service":"Reset"`, `"cip.class":"Identity","cip.path":"1/1"`, `"status":"failure","status_detail":"Privilege Violation"`}, nil},
		{"EVE has both messages", Options{EVE: true}, []said{asks(ask), answers(answer)},
			[]string{`\"request\":{\"command\":\"list_identity\",\"status\":\"success\"}`, `\"vendor_id\":\"Rockwell Automation/Allen-Bradley\",\"device_type\":\"Programmable Logic Controller\",\"product_code\":54`}, nil},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(c.o, c.parts...), c.want, c.never) })
		t.Run(c.does+", in datagrams", func(t *testing.T) { expect(t, exchanged(c.o, c.parts...), c.want, c.never) })
	}
}

// Messages of BACnet: device 1 says who it is, is asked for its model, is to restart, and is written to.
const (
	bacnetHere    = "\x81\x0b\x00\x14\x01\x00\x10\x00\xc4\x02\x00\x00\x01\x22\x01\xe0\x91\x00!$"
	bacnetAsk     = "\x81\x0a\x00\x11\x01\x04\x00\x05\x01\x0c\x0c\x02\x00\x00\x01\x19F"
	bacnetGive    = "\x81\x0a\x00\x1a\x01\x000\x01\x0c\x0c\x02\x00\x00\x01\x19F>u\x06\x00PXC4A?"
	bacnetRestart = "\x81\x0a\x00\x15\x01\x04\x00\x05\x02\x14\x09\x00\x1d\x07\x00AbCdEf"
	bacnetRefuse  = "\x81\x0a\x00\x0d\x01\x00P\x02\x14\x91\x04\x91\x1a"
	bacnetWrite   = "\x81\x0a\x00\x17\x01\x04\x00\x05;\x0f\x0c\x01\x00\x00\x01\x19U>\x91\x01?I\x08"
	bacnetDone    = "\x81\x0a\x00\x09\x01\x00 ;\x0f"
)

func TestBACnet(t *testing.T) {
	for _, c := range []struct {
		does        string
		parts       []said
		want, never []string
	}{
		{"a device says that it is there", []said{answers(bacnetHere)},
			[]string{`"activity_name":"i-am"`, `"bacnet.instance":1,"bacnet.vendor_name":"Tridium"`, `"kind":"asset"`, `"device.uid":"bacnet device 1"`}, []string{"anomaly"}},
		{"a device says what it is", []said{asks(bacnetAsk), answers(bacnetGive)},
			[]string{`"device.model":"PXC4A"`, `"src_endpoint.ip":"10.0.0.1"`, `"bacnet.property":"model-name"`, `"status":"success"`}, nil},
		{"a restart that is refused", []said{asks(bacnetRestart), answers(bacnetRefuse)},
			[]string{`"activity_name":"reinitialize-device"`, `"bacnet.state":"coldstart","status":"failure","status_detail":"password-failure","is_cleartext":true`}, []string{"AbCdEf"}},
		{"a write with its value", []said{asks(bacnetWrite), answers(bacnetDone)},
			[]string{`"bacnet.object":"binary-output:1","bacnet.property":"present-value","bacnet.value":"1"`, `"status":"success"`}, nil},
		{"a request without an answer", []said{asks(bacnetWrite)}, []string{`"activity_name":"write-property"`}, []string{`"status"`}},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, exchanged(Options{}, c.parts...), c.want, c.never) })
	}
	if n := strings.Count(exchanged(Options{}, asks(bacnetAsk), answers(bacnetGive), asks(bacnetAsk), answers(bacnetGive)), `"kind":"bacnet"`); n != 1 {
		t.Errorf("a poll is told %d times, want 1", n)
	}
}

// s7Message is a message of S7comm in its packet.
func s7Message(kind, reference byte, errors, parameters, data string) string {
	n := 7 + 10 + len(errors) + len(parameters) + len(data)
	return string([]byte{3, 0, byte(n >> 8), byte(n), 2, 0xf0, 0x80, 0x32, kind, 0, 0, 0, reference, 0, byte(len(parameters)), 0, byte(len(data))}) +
		errors + parameters + data
}

func TestS7(t *testing.T) {
	setup := []said{asks(s7Message(1, 1, "", "\xf0\x00\x00\x01\x00\x01\x01\xe0", "")), answers(s7Message(3, 1, "\x00\x00", "\xf0\x00\x00\x01\x00\x01\x00\xf0", ""))}
	for _, c := range []struct {
		does        string
		parts       []said
		want, never []string
	}{
		{"a controller is stopped", append(setup, asks(s7Message(1, 2, "", "\x29\x00\x00\x00\x00\x00\x09P_PROGRAM", "")), answers(s7Message(3, 2, "\x00\x00", "\x29", ""))),
			[]string{`"activity_name":"plc_stop","protocol_ver":"s7comm"`, `"status":"success"`, `"s7.is_control":true`}, []string{"anomaly"}},
		{"a controller says what it is", append(setup, asks(s7Message(7, 3, "", "\x00\x01\x12\x04\x11\x44\x01\x00", "\xff\x09\x00\x04\x00\x11\x00\x00")),
			answers(s7Message(7, 3, "", "\x00\x01\x12\x08\x12\x84\x01\x01\x00\x00\x00\x00", "\xff\x09\x00\x24\x00\x11\x00\x00\x00\x1c\x00\x01\x00\x016ES7 315-2EH14-0AB0 \x00\xc0\x00\x04\x00\x01"))),
			[]string{`"s7.system_list":"0011/0000"`, `"device.vendor_name":"Siemens","device.model":"6ES7 315-2EH14-0AB0"`, `"src_endpoint.ip":"10.0.0.1"`}, nil},
		{"a write that is refused", append(setup, asks(s7Message(1, 4, "", "\x05\x01\x12\x0a\x10\x02\x00\x01\x00\x07\x84\x00\x00\x20", "\x00\x04\x00\x08\x55")), answers(s7Message(3, 4, "\x81\x04", "\x05\x01", ""))),
			[]string{`"activity_name":"write_variable"`, `"s7.items":["DB7.4"]`, `"status":"failure","status_code":33028`}, nil},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(Options{}, c.parts...), c.want, c.never) })
	}
}

// sipText is a message of SIP of a call, with the lines of its head and a body.
func sipText(first, method, fields, body string) string {
	return first + "\r\nFrom: \"Nurse\" <sip:203@pbx.example>;tag=1\r\nTo: <sip:204@pbx.example>\r\nCall-ID: 1@10.0.0.9\r\nCSeq: 7 " + method + "\r\n" +
		fields + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestSIP(t *testing.T) {
	digest := "User-Agent: Phone 1.2\r\nAuthorization: Digest username=\"203\", realm=\"pbx\", response=\"1f2e\"\r\n"
	register := sipText("REGISTER sip:pbx.example SIP/2.0", "REGISTER", digest, "")
	invite := sipText("INVITE sip:204@pbx.example SIP/2.0", "INVITE", "", "")
	media := "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 30000 RTP/SAVP 0\r\na=crypto:1 AES inline:hush\r\n"
	for _, c := range []struct {
		does        string
		o           Options
		parts       []said
		want, never []string
	}{
		{"a telephone signs on", Options{}, []said{asks(register), answers(sipText("SIP/2.0 200 OK", "REGISTER", "Server: PBX 16\r\n", ""))},
			[]string{`"activity_name":"REGISTER"`, `"status_code":200`, `"user.name":"203","user.domain":"pbx","auth_protocol":"SIP digest","status":"success"`,
				`"device.software_version":"Phone 1.2"`, `"device.software_version":"PBX 16","device.role":"sip server"`}, []string{"Nurse", "1f2e", "anomaly"}},
		{"a telephone is refused", Options{}, []said{asks(register), answers(sipText("SIP/2.0 403 Forbidden", "REGISTER", "", ""))},
			[]string{`"status":"failure","status_detail":"Forbidden"`}, nil},
		{"a challenge is no refusal", Options{}, []said{asks(sipText("REGISTER sip:pbx.example SIP/2.0", "REGISTER", "", "")), answers(sipText("SIP/2.0 401 Unauthorized", "REGISTER", "", ""))},
			[]string{`"status_code":401`}, []string{"auth_protocol"}},
		{"a call and where it is sent", Options{}, []said{asks(invite), answers(sipText("SIP/2.0 180 Ringing", "INVITE", "", "")), answers(sipText("SIP/2.0 200 OK", "INVITE", "Content-Type: application/sdp\r\n", media))},
			[]string{`"sip.from":"sip:203@pbx.example","sip.to":"sip:204@pbx.example"`, `"sip.media":["audio 30000 RTP/SAVP 0 to IN IP4 10.0.0.1"]`, `"latency"`}, []string{"hush", "180"}},
		{"a call without an answer", Options{}, []said{asks(invite)}, []string{`"activity_name":"INVITE"`}, []string{"status_code"}},
		{"a patient who is called by number", Options{}, []said{asks(strings.ReplaceAll(invite, "204@", "185057800608491@")), answers(strings.ReplaceAll(sipText("SIP/2.0 200 OK", "INVITE", "", ""), "204@", "185057800608491@"))},
			[]string{`"sip.from":"sip:203@pbx.example"`, `"sip.to":"sip:`}, []string{"185057800608491"}},
		{"a patient's number in EVE", Options{EVE: true}, []said{asks(strings.ReplaceAll(invite, "204@", "185057800608491@"))}, []string{`\"request_line\":\"INVITE sip:`}, []string{"185057800608491"}},
		{"EVE has each message, without keys", Options{EVE: true}, []said{asks(invite), answers(sipText("SIP/2.0 200 OK", "INVITE", "", media))},
			[]string{`\"request_line\":\"INVITE sip:204@pbx.example SIP/2.0\"`, `\"code\":\"200\",\"reason\":\"OK\"`, `inline:****`, `\"media\":\"audio 30000 RTP/SAVP 0\"`}, []string{"hush"}},
	} {
		t.Run(c.does, func(t *testing.T) { expect(t, conversed(c.o, c.parts...), c.want, c.never) })
		t.Run(c.does+", in datagrams", func(t *testing.T) { expect(t, exchanged(c.o, c.parts...), c.want, c.never) })
	}
}

func TestSyslog(t *testing.T) {
	const head = "<85>1 2024-05-01T10:11:12Z pacs1 audit - IHE+RFC-3881 - "
	const opened = `<AuditMessage><EventIdentification EventActionCode="R" EventOutcomeIndicator="0"><EventID csd-code="110103"/><EventTypeCode csd-code="110127" originalText="Emergency Override Started"/></EventIdentification>` +
		`<ActiveParticipant UserID="dr.house" UserIsRequestor="true" AlternativeUserID="AETITLES=WS1" NetworkAccessPointID="10.0.0.9"/><AuditSourceIdentification AuditSourceID="PACS1"/>` +
		`<ParticipantObjectIdentification ParticipantObjectID="47110815^^^HOSP" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"><ParticipantObjectName>Sample^Anna</ParticipantObjectName></ParticipantObjectIdentification></AuditMessage>`
	const login = `<AuditMessage><EventIdentification EventActionCode="E" EventOutcomeIndicator="8"><EventID csd-code="110114"/><EventTypeCode csd-code="110122"/><EventOutcomeDescription>bad password</EventOutcomeDescription></EventIdentification>` +
		`<ActiveParticipant UserID="nurse3" UserIsRequestor="true" NetworkAccessPointID="ws7"/><AuditSourceIdentification AuditSourceID="EHR"/></AuditMessage>`
	for _, c := range []struct {
		does        string
		parts       []said
		want, never []string
	}{
		{"what a machine reports", []said{asks("<34>Oct 11 22:14:15 gate su[230]: 'su root' failed for lonvick")},
			[]string{`"syslog.facility":"auth","severity":"critical","device.hostname":"gate","app_name":"su","process.pid":"230"`, `"message":"'su root' failed for lonvick"`}, nil},
		{"a password in it", []said{asks("<34>Oct 11 22:14:15 gate app: login user=a Password=\"hunter2\" token: Bearer abc.def, done")},
			[]string{`user=a Password=\"****\" token: ****, done`}, []string{"hunter2", "abc.def"}},
		{"a record that is opened in an emergency", []said{asks(head + opened)},
			[]string{`"kind":"atna"`, `"activity_name":"DICOM Instances Accessed"`, `"atna.event_types":["Emergency Override Started"]`, `"user.names":["dr.house"],"dicom.ae_titles":["WS1"],"atna.nodes":["10.0.0.9"],"atna.source":"PACS1"`,
				`"atna.patients":["p~`, `"atna.is_break_glass":true`}, []string{"47110815", "Sample", `"kind":"syslog"`}},
		{"a sign-on that a system reports", []said{asks(head + login)},
			[]string{`"kind":"auth"`, `"user.name":"nurse3","auth_protocol":"ATNA","status":"failure","status_detail":"bad password","service.name":"EHR","src_endpoint.hostname":"ws7"`}, nil},
	} {
		t.Run(c.does+", in datagrams", func(t *testing.T) { expect(t, exchanged(Options{}, c.parts...), c.want, c.never) })
		text := c.parts[0].text
		t.Run(c.does, func(t *testing.T) {
			expect(t, conversed(Options{}, asks(strconv.Itoa(len(text))+" "+text)), c.want, c.never)
			expect(t, conversed(Options{}, asks(text+"\n")), c.want, c.never)
		})
	}
}
