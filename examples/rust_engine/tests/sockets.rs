//! What comes over the plain sockets, in pieces of any size.

use hikari_engine::{resp, websocket};

#[test]
fn values_of_redis_are_read_when_they_are_whole() {
    use resp::Value::*;
    let data = b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n\x00x\r\n+OK\r\n";
    let whole = data.len() - 5;
    for length in 0..whole {
        assert_eq!(resp::parse(&data[..length]).unwrap(), None, "{length}");
    }
    let (value, used) = resp::parse(data).unwrap().unwrap();
    let bulk = |text: &[u8]| Bulk(Some(text.to_vec()));
    assert_eq!(value, Array(vec![bulk(b"message"), bulk(b"c"), bulk(b"\r\n\x00x")]));
    assert_eq!(resp::parse(&data[used..]).unwrap(), Some((Simple("OK".into()), 5)));
    assert_eq!(resp::parse(b"$-1\r\n").unwrap(), Some((Bulk(None), 5)));
    assert_eq!(resp::parse(b":42\r\n").unwrap(), Some((Integer(42), 5)));
}

#[test]
fn what_no_redis_sends_is_an_error() {
    for data in
        ["?\r\n", "$x\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "$99999999999\r\n", "\u{e9}\r\n", "\r\n"]
    {
        assert!(resp::parse(data.as_bytes()).is_err(), "{data:?}");
    }
}

#[test]
fn a_command_is_written_as_redis_takes_it() {
    assert_eq!(
        resp::command(&[b"PUBLISH", b"c", b"\r\n"]),
        b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$2\r\n\r\n\r\n"
    );
}

#[test]
fn frames_of_any_length_are_read_when_they_are_whole() {
    for length in [0usize, 1, 125, 126, 65_535, 65_536] {
        let data = vec![7; length];
        let mut sent = websocket::masked(2, &data, [0; 4]);
        let head = sent.len() - length - 4;
        sent.drain(head..head + 4);
        sent[1] &= 0x7f; // as a server sends it: without a mask
        assert_eq!(websocket::parse(&sent[..sent.len() - 1]).unwrap(), None);
        let (piece, used) = websocket::parse(&sent).unwrap().unwrap();
        assert_eq!((piece.last, piece.opcode, piece.data == data, used), (true, 2, true, sent.len()));
    }
}

#[test]
fn what_is_sent_is_masked() {
    assert_eq!(websocket::masked(2, b"ab", [1, 2, 3, 4]), [0x82, 0x82, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2]);
}

#[test]
fn frames_that_no_server_sends_are_an_error() {
    assert!(websocket::parse(&[0x82, 0x80, 0, 0, 0, 0]).is_err());
    assert!(websocket::parse(&[0xc2, 0]).is_err());
    assert!(websocket::parse(&[0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]).is_err());
}
