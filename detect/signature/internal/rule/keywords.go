package rule

import (
	"maps"
	"slices"
)

// keywords are all that are not fields or transforms of buffers.
func keywords() map[string]keyword {
	return join(metaKeywords(), contentKeywords(), packetKeywords(), flowKeywords(), appKeywords())
}

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
		"metadata": {(*builder).metadata, may}, "target": {(*builder).target, must}, "requires": {func(*builder, value) error { return nil }, must}, // read before
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
		"vlan.id": {(*builder).vlanID, must}, "geoip": {(*builder).geoip, must}, "iprep": {(*builder).iprep, must},
		"l3_proto": {(*builder).l3Proto, must}, "rpc": {(*builder).rpc, must}, "tcp.session": {(*builder).packetWords, must},
		"sctp.has_init": {(*builder).packetMark, never}, "sctp.has_data": {(*builder).packetMark, never},
		"sctp.has_abort": {(*builder).packetMark, never},
	}
	for name := range headerNumbers {
		m[name] = keyword{(*builder).packetNumber, must}
	}
	for _, name := range []string{"ipv4-csum", "tcpv4-csum", "tcpv6-csum", "udpv4-csum", "udpv6-csum", "icmpv4-csum", "icmpv6-csum"} {
		m[name] = keyword{(*builder).checksum, must}
	}
	return m
}

// PacketTests are the keywords whose tests look at no buffer.
func PacketTests() []string {
	return append(slices.Sorted(maps.Keys(packetKeywords())), "app-layer-protocol", "app-layer-state", "flowvar", "pktvar")
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
		"app-layer-state": {(*builder).packetWords, must}, "frame": {(*builder).frame, must},
		"tls.fingerprint": {valued("tls.cert_fingerprint", exactly), must}, "tls.subject": {valued("tls.cert_subject", inside), must},
		"tls.issuerdn": {valued("tls.cert_issuer", inside), must}, "ssh.softwareversion": {valued("ssh.software", inside), must},
		"ssh.protoversion": {own("ssh.proto", false), must}, "ssl_version": {(*builder).sslVersion, must}, "ssl_state": {own("ssl_state", true), must},
		"tls_cert_notbefore": {(*builder).validity, must}, "tls_cert_notafter": {(*builder).validity, must},
		"tls_cert_expired": {mark("tls.cert_notafter"), never}, "tls_cert_valid": {mark("tls.cert_notafter"), never},
		"tls.store": {(*builder).ignored, never}, "tls_store": {(*builder).ignored, never},
		"dcerpc.iface": {(*builder).dceIface, must}, "dce_iface": {(*builder).dceIface, must},
		"dcerpc.opnum": {(*builder).dceOpnum, must}, "dce_opnum": {(*builder).dceOpnum, must},
		"krb5.ticket_encryption": {(*builder).ticketEncryption, must}, "krb5_ticket_encryption": {(*builder).ticketEncryption, must},
		"modbus": {(*builder).modbus, must}, "dnp3_ind": {(*builder).dnp3Ind, must},
		"dnp3_obj": {(*builder).dnp3Obj, must}, "dnp3.obj": {(*builder).dnp3Obj, must}, "cip_service": {(*builder).cipService, must},
		"ike.chosen_sa_attribute": {(*builder).chosenSA, must}, "nfs_procedure": {(*builder).nfsProcedure, must},
		"http2.settings": {(*builder).http2Setting, must},
		"filename":       {valued("file.name", folded), must}, "fileext": {valued("file.name", extension), must},
		"filemagic": {valued("file.magic", folded), must}, "filesize": {(*builder).fileSize, must},
		"filemd5": {(*builder).fileHash, must}, "filesha1": {(*builder).fileHash, must}, "filesha256": {(*builder).fileHash, must},
		"filestore": {(*builder).filestore, may}, "lua": {(*builder).script, must}, "luajit": {(*builder).script, must},
		"dataset": {(*builder).dataset, must}, "datarep": {(*builder).datarep, must}, "entropy": {(*builder).entropy, must},
		"flowvar": {(*builder).variable, must}, "pktvar": {(*builder).variable, must},
		"config": {(*builder).config, must}, "replace": {(*builder).ignored, must}, "bypass": {(*builder).ignored, never},
		"mark": {(*builder).ignored, must}, "nfq_set_mark": {(*builder).ignored, must}, "prefilter": {(*builder).prefilter, never},
	}
}
