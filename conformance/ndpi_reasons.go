package conformance

// ndpiReason says why the protocol of a flow cannot agree, where that is known, with a colon and a space behind.
func ndpiReason(capture string) string {
	for name, why := range map[string]string{
		"KakaoTalk_talk.pcap":               "an encrypted alert is all that is there, and may come long after the end of its connection: ",
		"android.pcap":                      "an encrypted alert is all that is there, and may come long after the end of its connection: ",
		"capwap_data.pcapng":                "CAPWAP carries frames of Wi-Fi here, which are not looked into: ",
		"cip_io.pcap":                       "values that a controller and its modules send each other by the clock, without a command that names EtherNet/IP: ",
		"coap_mqtt.pcap":                    "in the middle of a connection a ping of two bytes, which says too little: ",
		"gquic_only_from_server.pcap":       "of Google's QUIC only the server is there, whose packets name no version: ",
		"heuristic_tcp_ack_payload.pcap":    "zeros that pad an acknowledgement count among the bytes of the stream, by the length in the IP header, and stand where the hello should: ",
		"ossfuzz_seed_fake_traces_3.pcapng": "a request of HTTP for a path /maplestory/, by which nDPI names it: ",
		"pinterest.pcap":                    "nDPI writes two double colons into the address, which then is none: ",
		"quic_sh.pcap":                      "packets behind a handshake that was not seen, which have nothing to be known by: ",
		"rdp2.pcap":                         "RDP over UDP is not decoded: ",
		"sip_hello.pcapng":                  "the word hello keeps a way open, and is known as SIP by its port alone: ",
	} {
		if name == capture {
			return why
		}
	}
	return ""
}
