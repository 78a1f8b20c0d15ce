// SPDX-License-Identifier: MIT

// tally from C# (Mono, .NET, Unity): streams an answer and shows what it cost, cancels a second call
// and shows what that cost, shuts down. Events are pulled, so no delegate crosses the border, which
// is what IL2CPP wants too. The key comes from DEEPSEEK_API_KEY.

using System;
using System.Runtime.InteropServices;
using System.Text;

[StructLayout(LayoutKind.Sequential)]
struct TallyText {
  public IntPtr Data;
  public ulong Size;

  public override string ToString() {
    if (Size == 0) return "";
    var bytes = new byte[Size];
    Marshal.Copy(Data, bytes, 0, bytes.Length);
    return Encoding.UTF8.GetString(bytes);
  }
}

[StructLayout(LayoutKind.Sequential)]
struct TallyError {
  public uint StructSize;
  public int Code, HttpStatus, RetryMayHelp, ChargePossible, Clock;
  [MarshalAs(UnmanagedType.ByValArray, SizeConst = 1024)] public byte[] Message;
  [MarshalAs(UnmanagedType.ByValArray, SizeConst = 128)] public byte[] ProviderCode;
  [MarshalAs(UnmanagedType.ByValArray, SizeConst = 128)] public byte[] RequestId;

  public static TallyError Empty() {
    return new TallyError { StructSize = (uint)Marshal.SizeOf(typeof(TallyError)),
                            Message = new byte[1024], ProviderCode = new byte[128],
                            RequestId = new byte[128] };
  }

  public override string ToString() {
    return Encoding.UTF8.GetString(Message, 0, Math.Max(0, Array.IndexOf(Message, (byte)0)));
  }
}

// The first fields. A larger struct than the library knows is accepted, so the rest is only room.
[StructLayout(LayoutKind.Sequential, Size = 1024)]
struct TallyClientOptions {
  public uint StructSize;
  public int FromEnvironment;
}

[StructLayout(LayoutKind.Sequential, Size = 1024)]
struct TallyChatParameters {
  public uint StructSize, Has;
  public TallyText Model;
}

[StructLayout(LayoutKind.Sequential)]
struct TallyEvent {
  public uint StructSize;
  public int Kind;
  public ulong Call;
  public TallyText Text;
  public int Choice, ToolIndex;
  public TallyText ToolId, ToolName;
  public IntPtr Completion;
}

// The first fields of one that the library owns.
[StructLayout(LayoutKind.Sequential)]
struct TallyReceipt {
  public uint StructSize;
  public int State;
  public TallyText CallId, Provider, Model, Text;
}

static class Tally {
  const string Library = "tally_c";
  const CallingConvention Cdecl = CallingConvention.Cdecl;
  public const int EventText = 1, EventCompletion = 5, RoleUser = 1;

  [DllImport(Library, EntryPoint = "tally_client_options_init", CallingConvention = Cdecl)]
  public static extern int OptionsInit(ref TallyClientOptions options, uint size);
  [DllImport(Library, EntryPoint = "tally_client_open", CallingConvention = Cdecl)]
  public static extern int Open(ref TallyClientOptions options, out IntPtr client, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_chat_parameters_init", CallingConvention = Cdecl)]
  public static extern int ParametersInit(ref TallyChatParameters parameters, uint size);
  [DllImport(Library, EntryPoint = "tally_chat_request_create", CallingConvention = Cdecl)]
  public static extern int RequestCreate(out IntPtr request, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_chat_request_set", CallingConvention = Cdecl)]
  public static extern int RequestSet(IntPtr request, ref TallyChatParameters parameters, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_chat_request_push_text", CallingConvention = Cdecl)]
  public static extern int PushText(IntPtr request, int role, byte[] text, ulong size, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_chat_request_destroy", CallingConvention = Cdecl)]
  public static extern void RequestDestroy(IntPtr request);
  [DllImport(Library, EntryPoint = "tally_client_chat_start", CallingConvention = Cdecl)]
  public static extern int ChatStart(IntPtr client, IntPtr request, IntPtr options, out ulong call, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_client_wait", CallingConvention = Cdecl)]
  public static extern int Wait(IntPtr client, long timeoutMs, IntPtr result, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_client_next_event", CallingConvention = Cdecl)]
  public static extern int NextEvent(IntPtr client, ref TallyEvent next, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_client_cancel", CallingConvention = Cdecl)]
  public static extern int Cancel(IntPtr client, ulong call, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_client_shutdown", CallingConvention = Cdecl)]
  public static extern int Shutdown(IntPtr client, long deadlineMs, ref TallyError error);
  [DllImport(Library, EntryPoint = "tally_client_destroy", CallingConvention = Cdecl)]
  public static extern void Destroy(IntPtr client);
  [DllImport(Library, EntryPoint = "tally_completion_error", CallingConvention = Cdecl)]
  public static extern IntPtr CompletionError(IntPtr completion);
  [DllImport(Library, EntryPoint = "tally_completion_receipt", CallingConvention = Cdecl)]
  public static extern IntPtr CompletionReceipt(IntPtr completion);
  [DllImport(Library, EntryPoint = "tally_completion_destroy", CallingConvention = Cdecl)]
  public static extern void CompletionDestroy(IntPtr completion);
}

static class Chat {
  static TallyError error = TallyError.Empty();

  static int Must(int code) {
    if (code < 0) throw new InvalidOperationException(error.ToString());
    return code;
  }

  // Prints what comes of the call until its end; with `cancels`, ends it after the first piece.
  static void Follow(IntPtr client, ulong call, bool cancels) {
    var next = new TallyEvent { StructSize = (uint)Marshal.SizeOf(typeof(TallyEvent)) };
    while (true) {
      // In Unity: poll once in Update() instead.
      Must(Tally.Wait(client, 1000, IntPtr.Zero, ref error));
      while (Must(Tally.NextEvent(client, ref next, ref error)) == 1) {
        if (next.Kind == Tally.EventText) Console.Write(next.Text);
        if (next.Kind == Tally.EventText && cancels) Must(Tally.Cancel(client, call, ref error));
        if (next.Kind != Tally.EventCompletion) continue;
        Console.WriteLine();
        IntPtr failure = Tally.CompletionError(next.Completion);
        if (failure != IntPtr.Zero) {
          Console.WriteLine((TallyError)Marshal.PtrToStructure(failure, typeof(TallyError)));
        }
        // There is a receipt in any case.
        var receipt = (TallyReceipt)Marshal.PtrToStructure(Tally.CompletionReceipt(next.Completion),
                                                           typeof(TallyReceipt));
        Console.WriteLine(receipt.Text);
        Tally.CompletionDestroy(next.Completion);
        return;
      }
    }
  }

  static void Main() {
    var options = new TallyClientOptions();
    Must(Tally.OptionsInit(ref options, (uint)Marshal.SizeOf(typeof(TallyClientOptions))));
    options.FromEnvironment = 1;
    IntPtr client;
    Must(Tally.Open(ref options, out client, ref error));

    byte[] model = Encoding.UTF8.GetBytes("deepseek-flash");
    GCHandle pinned = GCHandle.Alloc(model, GCHandleType.Pinned);
    var parameters = new TallyChatParameters();
    Must(Tally.ParametersInit(ref parameters, (uint)Marshal.SizeOf(typeof(TallyChatParameters))));
    parameters.Model = new TallyText { Data = pinned.AddrOfPinnedObject(), Size = (ulong)model.Length };
    IntPtr request;
    Must(Tally.RequestCreate(out request, ref error));
    Must(Tally.RequestSet(request, ref parameters, ref error));
    pinned.Free();
    byte[] question = Encoding.UTF8.GetBytes("Name three rivers.");
    Must(Tally.PushText(request, Tally.RoleUser, question, (ulong)question.Length, ref error));

    foreach (bool cancels in new[] { false, true }) {
      ulong call;
      Must(Tally.ChatStart(client, request, IntPtr.Zero, out call, ref error));
      Follow(client, call, cancels);
    }

    Must(Tally.Shutdown(client, 100, ref error));
    Tally.RequestDestroy(request);
    Tally.Destroy(client);
  }
}
