package rule

// keywords are all that are not fields or transforms of buffers.
var keywords = join(metaKeywords(), contentKeywords(), packetKeywords(), flowKeywords(), appKeywords())

func join(tables ...map[string]keyword) map[string]keyword {
	out := map[string]keyword{}
	for _, t := range tables {
		for name, k := range t {
			out[name] = k
		}
	}
	return out
}

func metaKeywords() map[string]keyword {
	return map[string]keyword{
		"msg": {(*builder).msg, must}, "sid": {(*builder).sid, must}, "rev": {(*builder).rev, must}, "gid": {(*builder).gid, must},
		"classtype": {(*builder).classtype, must}, "priority": {(*builder).priority, must}, "reference": {(*builder).reference, must},
		"metadata": {(*builder).metadata, may}, "target": {(*builder).target, must}, "requires": {(*builder).requires, must},
	}
}

func contentKeywords() map[string]keyword {
	return map[string]keyword{
		"content": {(*builder).content, must}, "uricontent": {(*builder).uricontent, must},
		"nocase": {(*builder).nocase, never}, "rawbytes": {(*builder).rawbytes, never},
		"offset": {(*builder).offset, must}, "depth": {(*builder).depth, must},
		"distance": {(*builder).distance, must}, "within": {(*builder).within, must},
		"startswith": {(*builder).startswith, never}, "endswith": {(*builder).endswith, never},
		"fast_pattern": {(*builder).fastPattern, may}, "pcre": {(*builder).pcre, must},
		"isdataat": {(*builder).isdataat, must}, "byte_test": {(*builder).byteTest, must}, "byte_jump": {(*builder).byteJump, must},
		"byte_extract": {(*builder).byteExtract, must}, "byte_math": {(*builder).byteMath, must}, "asn1": {(*builder).asn1, must},
		"base64_decode": {(*builder).base64Decode, may}, "base64_data": {(*builder).base64Data, never},
		"pkt_data": {(*builder).pktData, never}, "bsize": {(*builder).bsize, must}, "urilen": {(*builder).urilen, must},
		"absent": {(*builder).absent, may},
	}
}

func packetKeywords() map[string]keyword {
	m := map[string]keyword{
		"flags": {(*builder).flags, must}, "tcp.flags": {(*builder).flags, must}, "fragbits": {(*builder).fragbits, must},
		"ipopts": {(*builder).ipopts, must}, "sameip": {(*builder).packetMark, never}, "ftpbounce": {(*builder).packetMark, never},
		"stream_size": {(*builder).streamSize, must}, "flow.pkts": {(*builder).sided, must}, "flow.bytes": {(*builder).sided, must},
		"vlan.id": {(*builder).vlanID, must}, "geoip": {(*builder).packetWords, must}, "iprep": {(*builder).packetWords, must},
		"l3_proto": {(*builder).packetWords, must}, "rpc": {(*builder).packetWords, must},
	}
	for name := range headerNumbers {
		m[name] = keyword{(*builder).packetNumber, must}
	}
	for _, name := range []string{"ipv4-csum", "tcpv4-csum", "tcpv6-csum", "udpv4-csum", "udpv6-csum", "icmpv4-csum", "icmpv6-csum"} {
		m[name] = keyword{(*builder).checksum, must}
	}
	return m
}

func flowKeywords() map[string]keyword {
	return map[string]keyword{
		"flow": {(*builder).flow, must}, "flowbits": {(*builder).flowbits, must}, "xbits": {(*builder).xbits, must},
		"hostbits": {(*builder).hostbits, must}, "flowint": {(*builder).flowint, must}, "noalert": {(*builder).noalert, never},
		"alert": {(*builder).alertKeyword, never}, "tag": {(*builder).tag, must}, "threshold": {(*builder).threshold, must},
		"detection_filter": {(*builder).detectionFilter, must},
	}
}

func appKeywords() map[string]keyword {
	return map[string]keyword{
		"app-layer-event": {event("app-layer"), must}, "decode-event": {event("decode"), must}, "engine-event": {event("decode"), must},
		"stream-event": {event("stream"), must}, "app-layer-protocol": {(*builder).appProtocol, must},
		"tls.fingerprint": {valued("tls.cert_fingerprint", true, true), must}, "tls.subject": {valued("tls.cert_subject", false, false), must},
		"tls.issuerdn":        {valued("tls.cert_issuer", false, false), must},
		"ssh.softwareversion": {valued("ssh.software", false, false), must},
		"replace":             {(*builder).ignored, must}, "bypass": {(*builder).bypass, never}, "prefilter": {(*builder).prefilter, never},
	}
}
