//! Settings: the same on all devices, and each of them is told.

use hoopoe_bus::Notice;
use hoopoe_log::state;
use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::{
    accounts_house::{drain, listen, must},
    conversations_house::Chat,
    messages_house::pointer,
};

#[db_test]
async fn what_was_never_set_has_its_default_and_what_was_set_stays(db: TestDb) {
    let chat = Chat::new(db).await;
    let (ann, _) = chat.house.token("ann").await;
    let (bob, _) = chat.house.token("bob").await;
    let (members, nobody) = (json!({"presence": "members"}), json!({"presence": "nobody"}));
    assert_eq!(chat.house.ok(&ann, "settings.get", json!({})).await, members);
    let uid = chat.uid("ann").await;
    let mut bus = listen(&chat.house);
    assert_eq!(chat.house.ok(&ann, "settings.update", nobody.clone()).await, nobody);
    let [Notice::Visibility { uid: who }, Notice::Users { uids, frame }] = &drain(&mut bus)[..]
    else {
        panic!("presence and her devices are told");
    };
    let frame: Value = serde_json::from_slice(frame).unwrap();
    assert_eq!((who, &uids[..]), (&uid, &[uid][..]));
    assert_eq!(frame, json!({"event": "user.settings_updated", "data": nobody}));
    let rev = || async { must(chat.log.db().read(move |tx| Ok(state::head(tx, uid)?)).await) };
    assert_eq!(rev().await, 1, "it stands in her state log");
    for same in [nobody.clone(), json!({})] {
        assert_eq!(chat.house.ok(&ann, "settings.update", same).await, nobody);
    }
    assert_eq!((rev().await, drain(&mut bus).len()), (1, 0), "nothing has changed");
    assert_eq!(chat.house.ok(&ann, "settings.get", json!({})).await, nobody);
    assert_eq!(chat.house.ok(&bob, "settings.get", json!({})).await, members);
    for (odd, place) in
        [(json!({"presence": "contacts"}), "/presence"), (json!({"presnce": "nobody"}), "/presnce")]
    {
        let refused = chat.house.call(&ann, "settings.update", odd).await;
        assert_eq!(pointer(refused), (422, place.to_owned()));
    }
}
