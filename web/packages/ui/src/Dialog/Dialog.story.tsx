import { useEffect } from "react";
import { Button } from "../Button/Button.tsx";
import { ConfirmDialog } from "../ConfirmDialog/ConfirmDialog.tsx";
import { EmptyState } from "../EmptyState/EmptyState.tsx";
import { Menu } from "../Menu/Menu.tsx";
import { TextField } from "../TextField/TextField.tsx";
import { dismissToast, toast } from "../Toasts/toast.ts";
import { Dialog } from "./Dialog.tsx";

const nothing = () => {};

export function Form() {
  return (
    <Dialog
      open
      title="Rename the group"
      onClose={nothing}
      footer={
        <>
          <Button>Cancel</Button>
          <Button variant="primary">Save</Button>
        </>
      }
    >
      <TextField label="Group name" defaultValue="Book club" />
    </Dialog>
  );
}

export function Question() {
  return (
    <ConfirmDialog
      open
      danger
      title="Leave this group?"
      text="You will get no more messages from it."
      confirm="Leave group"
      onClose={nothing}
      onConfirm={nothing}
    />
  );
}

export function MenuAndToasts() {
  useEffect(() => {
    toast({
      text: "Message deleted",
      durationMs: null,
      action: { label: "Undo", onSelect: nothing },
    });
    toast({ text: "Copied", tone: "success", durationMs: null });
    toast({ text: "That did not work", tone: "danger", durationMs: null });
    return () => dismissToast();
  }, []);
  return (
    <>
      <EmptyState
        icon="messages"
        title="Nobody to talk to yet"
        text="Find somebody and say hello. What you write appears here."
        action={<Button variant="primary">Start a conversation</Button>}
      />
      <Menu
        open
        onClose={nothing}
        point={{ x: 60, y: 60 }}
        label="Message"
        items={[
          { id: "reply", label: "Reply", icon: "reply", shortcut: "R", onSelect: nothing },
          { id: "copy", label: "Copy", icon: "copy", shortcut: "Ctrl C", onSelect: nothing },
          { id: "edit", label: "Edit", icon: "edit", disabled: true, onSelect: nothing },
          { id: "dark", label: "Dark", checked: true, separated: true, onSelect: nothing },
          {
            id: "del",
            label: "Delete",
            icon: "trash",
            danger: true,
            separated: true,
            onSelect: nothing,
          },
        ]}
      />
    </>
  );
}
